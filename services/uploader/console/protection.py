"""What protects people who use the console: a strict content policy, and no call that another site has caused."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from penstock.domain.errors import refusal

# Everything comes from here; nothing is inline, framed, or sent elsewhere.
CONTENT_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",  # ids of requests are no secrets, but nobody else's business
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def require_same_origin(request: Request) -> None:
    """Raise `Refused` (cross_site) for a call that a page of another origin has caused.

    Browsers say it in `Sec-Fetch-Site`, which no page can change; older ones name the `Origin` of a POST.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_own = site == "same-origin"
    else:
        is_own = urlsplit(request.headers.get("origin", "")).netloc == request.headers.get("host", "")
    if not is_own:
        raise refusal("cross_site", "another site has caused this call", "Do it on a page of the console itself.")
