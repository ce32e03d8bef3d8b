"""The one list of codes of all modules (D-04): what travels between systems, and what it means.

Centre, index module, front machines, hospitals' systems and providers use these values and no
others; the OpenAPI document carries the list. Modalities and body parts are DICOM's (PS3.3
C.7.3.1.1.1, PS3.16 L); here are those for which the product has a word of its own.
"""

from __future__ import annotations

from server import terms
from server.provinces.wire import RESIDENT_ID

CODE_LISTS: dict[str, dict[str, str]] = {
    "certificate_type": {RESIDENT_ID: "居民身份证 / resident identity card"},
    "sex": {"M": "男 / male", "F": "女 / female", "O": "其他 / other"},
    "modality": dict(terms.MODALITY_LABELS),
    "body_part": dict(terms.BODY_PART_LABELS),
    "purpose": {
        "outpatient": "门诊 / outpatient",
        "inpatient": "住院 / inpatient",
        "emergency": "急诊 / emergency",
        "other": "其他 / other",
    },
    "opens": {
        "list": "检查列表 / list of studies",
        "images": "JPG 页 / JPG page",
        "dicom": "DICOM 页 / DICOM page",
        "report": "报告 / report",
        "reminder": "提醒 / reminder",
    },
    "authorisation_method": {
        "insurance_code": "医保码 / insurance code",
        "app_confirmation": "手机确认 / confirmed on the phone",
        "physician_assisted": "医师辅助 / with a physician's help",
        "electronic_signature": "电子签名 / electronic signature",
        "face_terminal": "医保终端刷脸 / face scan at a terminal",
        "sms_code": "短信授权码 / code by message",
        "app_token": "APP 令牌 / token of an app",
        "biometrics": "生物特征识别 / biometrics",
        "written": "书面授权 / in writing",
        "emergency": "急诊紧急调阅 / emergency access",
    },
    "authorisation_state": {
        "requested": "待答复 / awaits an answer",
        "approved": "已同意 / approved",
        "refused": "已拒绝 / refused",
        "withdrawn": "已收回 / withdrawn",
        "expired": "已过期 / over",
    },
    "cache_application_state": {
        "requested": "已申请 / applied for",
        "searching": "查询中 / being searched",
        "fetching": "取回中 / being fetched",
        "cached": "已缓存 / cached",
        "partly": "部分缓存 / cached in part",
        "failed": "失败 / failed",
        "completed": "已完成 / completed",
    },
    "exam_place": {
        "own": "本院 / this hospital",
        "other_hospital": "省内他院 / another hospital of the province",
        "other_province": "外省 / another province",
    },
    "exam_stage": {
        "application": "临床申请 / application",
        "appointment": "预约分诊 / appointment",
        "check_in": "签到准备 / check-in",
        "examination": "设备检查 / examination",
        "image_quality": "影像质控 / quality of images",
        "report_writing": "报告书写 / report writing",
        "result_release": "结果发布 / release of the result",
    },
    "exam_gap": {
        "not_uploaded": "未上传 / not uploaded",
        "incomplete": "不完整 / incomplete",
        "not_listed": "未列入 / not listed",
    },
    "quality_grade": {"A": "甲", "B": "乙", "C": "丙", "D": "丁"},
    "quality_outcome": {
        "passed": "合格 / passed",
        "review": "待复核 / a person has to look",
        "failed": "不合格 / failed",
    },
    "recognition_outcome": {
        "accepted": "互认 / recognised",
        "reexamined": "重新检查 / examined anew",
    },
    "reexamination_reason": {
        "disease_changed": "病情变化 / the disease changed",
        "quality": "质量不符合 / quality does not suffice",
        "not_consistent": "结果与临床不符 / does not fit the clinical picture",
        "emergency": "急诊抢救 / emergency",
        "treatment": "治疗需要 / needed for treatment",
        "forensic": "司法鉴定 / forensic",
        "other": "其他 / other",
    },
    "report_status": {
        "draft": "草稿 / draft",
        "reviewed": "已审核 / reviewed",
        "withdrawn": "已撤回 / withdrawn",
        "replaced": "已替换 / replaced",
    },
    "health_measure": {
        "heart_rate": "心率 / heart rate",
        "systolic_pressure": "收缩压 / systolic pressure",
        "diastolic_pressure": "舒张压 / diastolic pressure",
        "oxygen_saturation": "血氧饱和度 / oxygen saturation",
        "respiratory_rate": "呼吸频率 / respiratory rate",
        "body_temperature": "体温 / body temperature",
        "blood_glucose": "血糖 / blood glucose",
        "body_weight": "体重 / body weight",
        "steps": "步数 / steps",
        "sleep": "睡眠 / sleep",
    },
}
