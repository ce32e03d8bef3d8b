CREATE TABLE report (jch varchar(64), brid varchar(64), yxbx text, zdyj text, jcxm varchar(200),
    bgsj timestamp, bgys varchar(100), shys varchar(100), zt integer);
INSERT INTO report VALUES ('A100', 'P100', '双肺纹理清晰。', '未见异常。', '胸部CT平扫',
    '2026-03-01 11:00:00', '王医生', '赵医生', 2);
INSERT INTO report VALUES ('A101', 'P101', '草稿', '草稿', '胸部CT平扫',
    '2026-03-01 11:30:00', '王医生', '', 1);
CREATE VIEW v_report AS SELECT * FROM report WHERE zt = 2;
