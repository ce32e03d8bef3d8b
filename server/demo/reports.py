"""The reports of the demo; what they measure is what the phantom holds (phantom/lesions.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.model import ReportStatus


@dataclass(frozen=True)
class DemoReport:
    """A report; times are given as distances from the examination."""

    exam_item: str
    overview: str
    findings: str
    impression: str
    reporting_physician: str
    reporting_physician_code: str
    reviewing_physician: str
    status: ReportStatus = ReportStatus.REVIEWED
    requested_before: timedelta = timedelta(hours=20)
    reported_after: timedelta = timedelta(hours=3, minutes=24)

    def requested_at(self, taken_at: datetime) -> datetime:
        """Return when the examination was asked for."""
        return taken_at - self.requested_before

    def reported_at(self, taken_at: datetime) -> datetime:
        """Return when the report was written."""
        return taken_at + self.reported_after


_WANG = ("王示范", "D990000000101")
_CHEN = ("陈样例", "D990000000102")
_ZHAO = ("赵试用", "D990100000203")
_LIU = ("刘示例", "D980000000304")

CT_CURRENT = DemoReport(
    "胸部平扫+胸腹部增强CT（动脉期）",
    "仰卧位，螺旋扫描，范围自肺尖至髂嵴水平；平扫层厚5mm，动脉期层厚2mm，"
    "碘海醇350mgI/ml 80ml静脉团注，"
    "流率3.5ml/s，冠状位重建层厚5mm。对比示范市第一人民医院2025-10-09胸部CT平扫。",
    "1. 胸廓对称，气管居中，气管及主支气管通畅。\n"
    "2. 右肺上叶后段见一分叶状实性结节，大小约14mm×13mm，边缘可见细短毛刺，"
    "邻近胸膜见牵拉，平扫CT值约34HU，动脉期约82HU；"
    "前次（2025-10-09）同部位结节约8mm，本次较前增大。余肺纹理走行自然，"
    "未见新发结节及实变影。\n"
    "3. 右侧胸腔后部见弧形水样密度影，最厚约9mm。左侧胸腔未见积液。\n"
    "4. 纵隔内见数枚小淋巴结，短径均小于10mm。"
    "心影大小形态正常，主动脉弓及降主动脉管壁见少许钙化斑块；"
    "肺动脉主干及左右分支内未见明确充盈缺损。\n"
    "5. 肝脏大小形态正常，肝右叶后段（S7）见一椭圆形稍低密度灶，大小约32mm×28mm，动脉期边缘呈结节状"
    "明显强化，强化程度近似主动脉。肝内外胆管未见扩张。\n"
    "6. 胆囊、胰腺、脾脏形态及密度未见异常；脾脏动脉期呈花斑样强化，为正常表现。\n"
    "7. 左肾下极见一类圆形水样密度影，直径约22mm，无强化。右肾及双侧肾上腺未见异常。\n"
    "8. 扫描范围内未见肿大淋巴结及腹水；胸腰椎轻度退行性改变，未见骨质破坏。",
    "1. 右肺上叶后段实性结节（14mm），较2025-10-09（8mm）增大，肺癌可能性大，建议胸外科会诊，"
    "必要时PET/CT或穿刺活检。\n"
    "2. 右侧少量胸腔积液。\n"
    "3. 肝S7占位，考虑血管瘤，建议补充门脉期及延迟期扫描或MRI。\n"
    "4. 左肾下极囊肿（Bosniak I级）。\n"
    "5. 主动脉轻度粥样硬化。",
    *_WANG,
    _CHEN[0],
)
CT_PRIOR = DemoReport(
    "胸部CT平扫",
    "仰卧位，螺旋扫描，自肺尖至肺底，层厚5mm，软组织算法重建。无既往影像可供比较。",
    "1. 右肺上叶后段见一实性小结节，直径约8mm，边缘欠光整，邻近胸膜轻度牵拉。余肺野清晰。\n"
    "2. 气管、主支气管通畅，纵隔淋巴结未见肿大。\n"
    "3. 心影不大，主动脉壁见少许钙化。双侧胸腔未见积液。\n"
    "4. 扫描所及肝右叶见稍低密度影，平扫显示欠清；左肾见水样密度小圆形影。",
    "1. 右肺上叶后段实性结节（8mm），建议3个月后复查薄层CT。\n"
    "2. 肝右叶稍低密度影，建议增强检查。\n"
    "3. 左肾囊肿可能。",
    *_ZHAO,
    "孙示范",
)
CT_EARLIEST = DemoReport(
    "胸部CT低剂量筛查",
    "仰卧位，低剂量螺旋扫描，层厚6mm。无既往影像可供比较。",
    "右肺上叶后段见一微小实性结节，直径约5mm，边缘光整。余双肺未见实变及结节影。"
    "气管、支气管通畅。纵隔未见肿大淋巴结。双侧胸腔未见积液。",
    "右肺上叶微小结节（5mm），Lung-RADS 2类，建议12个月后低剂量CT随访。",
    *_LIU,
    "周样例",
)
DX_CHEST = DemoReport(
    "胸部正位X线摄影（DR）",
    "立位，后前位，深吸气屏气曝光。",
    "胸廓对称，双侧肋骨走行自然，未见骨折。右肺上野中外带隐约见一小结节状稍高密度影，"
    "边界不清，部分与肋骨影重叠。余双肺纹理清晰，未见实变影。双侧肺门影不大。心影不大，主动脉结可见。"
    "右侧肋膈角略变钝，左侧肋膈角锐利，双膈面光整。",
    "1. 右肺上野可疑结节影，建议CT进一步检查。\n2. 右侧肋膈角略变钝，少量胸腔积液可能。",
    *_CHEN,
    _WANG[0],
    requested_before=timedelta(hours=1),
    reported_after=timedelta(minutes=38),
)
DX_EMERGENCY = DemoReport(
    "急诊胸部正位X线摄影（DR）",
    "立位，后前位。",
    "右侧肋膈角变钝，见外高内低弧形致密影。（待审核）",
    "右侧胸腔积液。（待审核）",
    *_CHEN,
    "",
    status=ReportStatus.DRAFT,
    requested_before=timedelta(minutes=12),
    reported_after=timedelta(minutes=9),
)
US_HEART = DemoReport(
    "经胸超声心动图（二维+彩色多普勒）",
    "左侧卧位，心尖四腔心切面动态图像，彩色多普勒取样框置于二尖瓣口及左室流入道。",
    "各房室腔内径在正常范围，左室壁厚度正常，静息状态下室壁运动协调，收缩期增厚率正常。"
    "二尖瓣形态正常，开放不受限，收缩期左房侧见少量偏心性反流束。三尖瓣未见明显反流。"
    "心包腔未见液性暗区。左室射血分数约62%（目测法）。",
    "1. 二尖瓣轻度反流。\n2. 左室收缩功能正常。",
    "吴示范",
    "D990000000405",
    "郑样例",
    requested_before=timedelta(hours=26),
    reported_after=timedelta(minutes=25),
)
MR_FOLLOW_UP = DemoReport(
    "头颅MRI平扫",
    "仰卧位，3.0T，横轴位T2WI，层厚5mm。",
    "双侧额叶皮层下散在小斑点状T2高信号。脑室系统未见扩张，中线结构居中。（待审核）",
    "脑白质少许缺血性改变可能，请结合增强扫描除外转移。（待审核）",
    *_CHEN,
    "",
    status=ReportStatus.DRAFT,
)
MR_BRAIN = DemoReport(
    "头颅MRI平扫（T1WI矢状位、T2WI横轴位、T2-FLAIR冠状位）",
    "仰卧位，3.0T，32通道头线圈，层厚5mm，层间距1mm。无既往影像可供比较。",
    "1. 双侧额叶及顶叶皮层下、半卵圆中心见散在斑点状T2WI及T2-FLAIR高信号，T1WI呈等或稍低信号，"
    "较大者约10mm×13mm，边界清，无占位效应。\n"
    "2. 灰白质分界清楚，基底节区及丘脑信号未见异常。\n"
    "3. 脑室系统大小形态正常，脑沟、脑裂未见增宽，中线结构居中。\n"
    "4. 小脑及脑干形态、信号未见异常。双侧颈内动脉及基底动脉流空信号存在。\n"
    "5. 双侧眼球对称，鼻窦气化良好。",
    "脑白质多发小斑点状高信号，考虑小血管病（Fazekas 1级），请结合临床。",
    *_WANG,
    _CHEN[0],
)
PET_CT = DemoReport(
    "全身（颈底至髂嵴）18F-FDG PET/CT显像",
    "空腹6小时以上，血糖5.6mmol/L，静脉注射18F-FDG 296MBq，静息60分钟后行PET/CT采集，"
    "CT用于衰减校正及解剖定位。",
    "1. 右肺上叶后段见结节，大小约26mm×24mm，FDG摄取增高，SUVmax约7.6。\n"
    "2. 纵隔右下气管旁及右肺门见淋巴结，短径约13～14mm，FDG摄取增高。\n"
    "3. 肝内见3枚稍低密度灶，较大者直径约26mm，FDG摄取增高，SUVmax约9.7。\n"
    "4. 胸椎椎体内见局灶性FDG摄取增高，相应部位骨质密度略增高。\n"
    "5. 左室心肌、双肾集合系统生理性摄取。脾脏、胰腺、肠道未见异常高摄取灶。左肾下极囊肿，无摄取。",
    "1. 右肺上叶高代谢结节，考虑肺癌；纵隔及右肺门淋巴结转移可能。\n"
    "2. 肝内多发高代谢灶，考虑转移。\n"
    "3. 胸椎局灶性高代谢，考虑骨转移。\n建议结合病理。",
    "钱示例",
    "D990100000506",
    "孙示范",
    reported_after=timedelta(hours=22),
)
CT_STRANGER = DemoReport(
    "胸部CT平扫",
    "仰卧位，螺旋扫描，层厚7mm。",
    "双肺纹理清晰，未见结节及实变影。气管、支气管通畅，纵隔未见肿大淋巴结，心影不大，双侧胸腔未见积液。",
    "胸部CT平扫未见明显异常。",
    *_ZHAO,
    "孙示范",
)
