"""The page in each archive that says what is in it and how to open it; needs no network."""

from __future__ import annotations

from html import escape

NAME = "README.HTM"

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>检查资料说明 / About these files</title>
<style>
body {{ max-width: 42rem; margin: 2rem auto; padding: 0 1rem; color: #13242b; background: #fff;
  font: 1rem/1.7 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.15rem; margin-top: 2rem; }}
code {{ font-family: Consolas, monospace; }} .muted {{ color: #4a606a; }}
</style>
</head>
<body>
<h1>检查资料</h1>
<p class="muted">{site} · {hospital} · {day}</p>
<p>这里是一次影像检查的全部原始影像（DICOM 格式）{report}。资料含姓名和编号，属于个人隐私，
请妥善保管，不要上传到不信任的网站。</p>
<h2>怎样打开</h2>
<ol>
<li>先把压缩包<strong>全部解压</strong>到一个文件夹。</li>
<li>带给医生：把整个文件夹拷到 U 盘或光盘，医院的阅片软件可直接读取
<code>DICOMDIR</code>。</li>
<li>自己查看：用任意 DICOM 阅片软件打开文件夹里的 <code>DICOMDIR</code>。</li>
{report_step}</ol>
<h2>里面有什么</h2>
<ul>
<li><code>DICOMDIR</code>：影像目录，请勿改名或移动。</li>
<li>其他文件夹：原始影像，与医院上传的内容逐字节相同。</li>
{report_item}</ul>
<section lang="en">
<h1>Examination files</h1>
<p>These are all original images (DICOM) of one examination{report_en}. They hold name and numbers:
keep them safe and give them to no site that you do not trust.</p>
<h2>How to open them</h2>
<ol>
<li><strong>Unpack the whole archive</strong> into one folder first.</li>
<li>For a physician: copy the folder to a USB stick or disc; reading software opens its
<code>DICOMDIR</code>.</li>
<li>For yourself: open <code>DICOMDIR</code> with any DICOM viewer.</li>
</ol>
<p>Every image is, byte for byte, what the hospital sent. Do not rename or move files.</p>
</section>
</body>
</html>
"""


def page(*, site: str, hospital: str, day: str, has_report: bool) -> str:
    """Return the page (HTML), Chinese first, without anything from elsewhere and without a name."""
    report = "<code>REPORT.PDF</code>"
    return _PAGE.format(
        site=escape(site),
        hospital=escape(hospital),
        day=escape(day),
        report="和诊断报告" if has_report else "",
        report_step=f"<li>诊断报告：直接打开 {report}。</li>\n" if has_report else "",
        report_item=f"<li>{report}：诊断报告。</li>\n" if has_report else "",
        report_en=" and the report (<code>REPORT.PDF</code>)" if has_report else "",
    )
