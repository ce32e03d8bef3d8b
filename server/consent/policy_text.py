"""The privacy policy, word for word (A-37, F-20). A change of words is a new version."""

VERSION = "2026-11-1"

CHINESE = (
    (
        "一、我们是谁，依据什么",
        "本影像云由部署它的医疗保障或医疗机构运营。依据《中华人民共和国个人信息保护法》，"
        "医疗影像属于敏感个人信息，处理前须取得您的单独同意。",
    ),
    (
        "二、处理目的",
        "向您本人和您授权的亲情账户展示检查影像和报告；按您的操作生成并管理分享；"
        "核验身份、保障安全、留存审计记录。不用于其他目的，不用于广告，不出售。",
    ),
    (
        "三、处理方式",
        "影像由医疗机构上传，加密存储；仅在您查看、分享时解密传输。"
        "分享凭证只保存不可还原的摘要。本服务不接入任何第三方统计或广告服务。",
    ),
    (
        "四、个人信息种类",
        "姓名、性别、出生日期、居民身份证号、手机号；检查影像、检查信息和报告；"
        "登录时间、来源网络地址、设备类型和操作记录。",
    ),
    (
        "五、保存期限",
        "检查影像按国家规定保存（门诊不少于 15 年，住院不少于 30 年）；审计记录不少于 6 个月；"
        "登录会话最长 12 小时；验证码 5 分钟；分享到期或撤销后即不可访问。",
    ),
    (
        "六、您的权利",
        "您可以查阅、复制您的影像和报告；随时撤销分享、亲情授权和本同意；"
        "可向上传影像的医疗机构申请更正或删除。撤回同意不影响此前处理的效力，"
        "撤回后本服务不再向您展示影像，直至您再次同意。",
    ),
)

ENGLISH = (
    (
        "1. Who we are, and on which basis",
        "This image cloud is run by the medical-insurance or medical institution that deployed "
        "it. Medical images are sensitive personal information under the Personal Information "
        "Protection Law of China and need your separate consent.",
    ),
    (
        "2. Purpose",
        "To show examination images and reports to you and to the family accounts you "
        "authorised; to make and manage the shares you create; to verify identity, keep the "
        "service secure and keep audit records. For nothing else; no advertising, no sale.",
    ),
    (
        "3. Method",
        "Images are uploaded by medical institutions and stored encrypted; they are decrypted "
        "only when you view or share them. Of share secrets only irreversible digests are kept. "
        "No third-party analytics or advertising service is connected.",
    ),
    (
        "4. Kinds of information",
        "Name, sex, birth date, ID number, phone number; images, examination data and reports; "
        "sign-in times, network address, kind of device and records of what was done.",
    ),
    (
        "5. Retention",
        "Images as the state prescribes (outpatients at least 15 years, inpatients at least 30); "
        "audit records at least 6 months; sign-in sessions at most 12 hours; codes 5 minutes; a "
        "share cannot be reached once it expired or was revoked.",
    ),
    (
        "6. Your rights",
        "You may read and copy your images and reports; withdraw shares, family authorisations "
        "and this consent at any time; ask the uploading institution for correction or deletion. "
        "Withdrawal does not affect earlier processing; afterwards no images are shown to you "
        "until you consent again.",
    ),
)
