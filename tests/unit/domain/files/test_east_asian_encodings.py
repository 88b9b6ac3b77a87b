"""The encodings of Chinese, Japanese and Korean are named, and not for files of other languages."""

from __future__ import annotations

import pytest

from penstock.domain.files.encodings import checked_encoding, detect_encoding, not_utf8, to_utf8

JAPANESE = [
    "会員番号,氏名,フリガナ,住所,備考",
    "00001,山田　太郎,ヤマダ タロウ,東京都千代田区丸の内1-1,常連のお客様",
    "00002,佐々木 花子,ササキ ハナコ,大阪府大阪市北区梅田２－３,",
    "00003,鈴木 一郎,スズキ イチロウ,北海道札幌市中央区大通西3丁目,電話は夕方以降希望",
    "00004,渡邉 さくら,ワタナベ サクラ,福岡県福岡市中央区天神1-1-1,紅茶がお好き",
]
HALF_WIDTH = [
    "番号,氏名,カナ",
    "1,髙橋 健,ﾀｶﾊｼ ｹﾝ",
    "2,吉田 愛,ﾖｼﾀﾞ ｱｲ",
    "3,中村 誠,ﾅｶﾑﾗ ﾏｺﾄ",
    "4,﨑山 結衣,ｻｷﾔﾏ ﾕｲ",
]
NAMES_IN_KANJI = ["id,name", "1,佐藤", "2,高橋", "3,松本", "4,小林", "5,吉田", "6,山口"]
SIMPLIFIED = [
    "编号,姓名,城市,地址",
    "1,王小明,北京,海淀区中关村大街1号",
    "2,张伟,上海,浦东新区世纪大道100号",
    "3,刘洋,深圳,南山区科技园",
    "4,陈静,杭州,西湖区文三路",
]
TRADITIONAL = [
    "編號,姓名,城市,地址",
    "1,王小明,臺北市,信義區市府路1號",
    "2,陳美玲,高雄市,前鎮區中山二路",
    "3,林志豪,臺中市,西屯區臺灣大道",
    "4,張家瑋,新北市,板橋區文化路",
]
KOREAN = [
    "번호,이름,도시,주소",
    "1,김철수,서울특별시,강남구 테헤란로 1",
    "2,이영희,부산광역시,해운대구 우동",
    "3,박지성,대구광역시,수성구 범어동",
    "4,최민호,인천광역시,남동구 구월동",
]
LIKE_THAI = ["id,name", "1,이기", "2,한기", "3,주기", "4,인기"]  # as bytes, letters of Thai in no order of Thai
TEXTS = [
    ("cp932", JAPANESE),
    ("cp932", HALF_WIDTH),
    ("cp932", NAMES_IN_KANJI),
    ("euc-jp", JAPANESE),
    ("euc-jp", NAMES_IN_KANJI),
    ("gb18030", SIMPLIFIED),
    ("cp950", TRADITIONAL),
    ("cp949", KOREAN),
    ("cp949", LIKE_THAI),
]
OTHERS = [
    ("cp1252", "N° carte;Prénom;Adresse\n1;Loïc;12, rue de l’Église\n2;Zoë;l’Étang\n3;Ægir;« Café »\n"),
    ("cp1252", "id;note\n1;it’s fine\n2;don’t call\n3;“Ask Ann”\n4;O’Connor’s\n"),
    ("cp1252", "id;note\n1;25°C\n2;30°F\n3;©Acme\n4;40°C\n"),
    ("cp1252", "id;name\n1;Ärzte\n2;Åsa\n3;Ávila\n4;Älskade\n5;Ångström\n"),
    ("cp1250", "id;jméno\n1;Dvořák, Žďár nad Sázavou\n2;Růžena Šťastná\n3;Příbram\n"),
    ("cp1250", "id;imię\n1;Łukasz Wójcik\n2;Grażyna Kądziołka\n3;Łódź\n4;Władysław\n"),
    ("cp1251", "ид;имя\n1;ИВАНОВ\n2;ПЕТРОВА\n3;СИДОРОВ\n4;Анна Смирнова\n"),
    ("cp1253", "κωδ;όνομα\n1;ΓΙΩΡΓΟΣ\n2;ΕΛΕΝΗ\n3;Παπαδόπουλος\n4;ΜΑΡΙΑ\n"),
    ("cp1255", "מספר;שם\n1;משה כהן\n2;תל אביב\n3;ירושלים\n"),
    ("cp1256", "رقم;اسم\n1;محمد علي\n2;القاهرة\n3;الرياض\n"),
    ("cp874", "รหัส,ชื่อ\n1,สมชาย ใจดี\n2,สมหญิง รักไทย\n3,กรุงเทพมหานคร\n4,ประเทศไทย\n"),
]


@pytest.mark.parametrize(("encoding", "rows"), TEXTS)
@pytest.mark.parametrize("separator", [",", "\t"])
def test_the_encoding_is_that_in_which_most_characters_are_frequent(
    encoding: str, rows: list[str], separator: str
) -> None:
    known = [row for row in rows if row == row.encode(encoding, "ignore").decode(encoding)]
    file = "".join(f"{row}\r\n" for row in known).replace(",", separator).encode(encoding)
    assert detect_encoding(file, complete=True) == encoding


@pytest.mark.parametrize(("encoding", "file"), OTHERS)
def test_other_files_keep_their_encoding(encoding: str, file: str) -> None:
    assert detect_encoding(file.encode(encoding), complete=True) == encoding


@pytest.mark.parametrize(
    ("encoding", "language"),
    [
        ("cp932", "Japanese"),
        ("euc-jp", "Japanese"),
        ("gb18030", "Chinese"),
        ("cp950", "Traditional Chinese"),
        ("cp949", "Korean"),
    ],
)
def test_the_refusal_names_the_language(encoding: str, language: str) -> None:
    assert f"it reads as {encoding} ({language})" in not_utf8(encoding).faults[0].message


@pytest.mark.parametrize(
    ("names", "checked"),
    [
        (("shift_jis", "Shift-JIS", "sjis", "windows-31j", "ms932", "x-sjis"), "cp932"),
        (("euc_jp", "eucjp", "x-euc-jp"), "euc-jp"),
        (("euc-kr", "ks_c_5601-1987", "ks_c_5601", "windows-949", "uhc"), "cp949"),
        (("big5", "Big5"), "cp950"),
        (("gb2312", "gbk", "cp936", "x-gbk"), "gb18030"),
    ],
)
def test_a_smaller_encoding_is_read_as_what_programs_write_under_its_name(names: tuple[str, ...], checked: str) -> None:
    assert {checked_encoding(name) for name in names} == {checked}


def test_shift_jis_has_the_characters_of_windows() -> None:
    text = "髙﨑①,２－３,～\n"
    assert b"".join(to_utf8([text.encode("cp932")], "shift_jis")).decode() == text


@pytest.mark.parametrize(
    "cells", [("代表", "代表取締役", "取締役"), ("予約済",), ("済", "未"), ("佐藤 ｻﾄｳ", "加藤 ｶﾄｳ")]
)
def test_few_words_that_are_letters_of_another_encoding_too_are_japanese(cells: tuple[str, ...]) -> None:
    rows = [f"{number},{cells[number % len(cells)]}" for number in range(60)]
    assert detect_encoding("\r\n".join(["id,状態", *rows]).encode("cp932"), complete=True) == "cp932"
