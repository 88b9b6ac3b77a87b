"""Web addresses."""

import pytest

from penstock.domain.mapping.coercion.urls import UrlCoercer

FIT = [
    *(
        "https://example.com",
        "http://www.example.co.uk/a/b?c=d&e=%20#f",
        "HTTPS://Example.COM/ÄÖ?q=日本",
        "http://localhost:80",
    ),
    *(
        "http://127.0.0.1:8080/x",
        "http://[2001:db8::1]:443/",
        "https://bücher.example/",
        "https://user:pw@example.com/",
    ),
    *("http://my_host.example.com./", "https://example.com?x", "https://example.com:/"),
]
UNFIT = [
    *(
        "example.com",
        "www.example.com",
        "//example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https:example.com",
    ),
    *("https://", "https:///path", "https://?q", "https://:80/", "http://exa mple.com", "http://example.com/a b"),
    *(
        "http://example.com/\u2028",
        "http://exa\tmple.com",
        "http://exa\nmple.com",
        "http://example.com\x00/",
        "http://a..b/",
    ),
    *("http://[::1", "http://[1.2.3.4]/", "http://[v1.x]/", "http://example.com:99999/", "http://example.com:x/"),
    *(
        "http://example.com\\@evil.example/",
        "http://-a.example/",
        "http://a,b.example/",
        "http:// example.com",
        "http://é\u00a0/",
    ),
    *("http://.example.com", "http://<b>.example/", "http://x[::1]/", "http://[::1%25eth0]/", "httpſ://example.com"),
]


@pytest.mark.parametrize("cell", FIT)
def test_a_url_is_kept_as_it_is_written(cell: str) -> None:
    assert UrlCoercer().coerce_column([cell, f" {cell} "]) == ([cell, cell], {})


@pytest.mark.parametrize("cell", UNFIT)
def test_not_a_url(cell: str) -> None:
    assert UrlCoercer().coerce_column([cell]) == ([None], {0: "not_a_url"})


def test_the_common_notation_takes_the_fast_path() -> None:
    assert UrlCoercer().parse_fast(["https://www.example.com/a?b=c"]) == ["https://www.example.com/a?b=c"]
