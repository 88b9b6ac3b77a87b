"""The attributes that every tenant has: the usual columns of a customer file.

A format is stricter than text only where ordinary files follow it, because an invalid value rejects its row: countries,
genders and web sites are written in too many ways. Personal attributes cannot be used in segments, because the service
that computes segments has no personal key.
"""

from __future__ import annotations

from types import MappingProxyType

from penstock.domain.mapping.attributes import TEXT, Attribute, ValueFormat, ValueType

_INTEGER = ValueFormat(ValueType.INTEGER)
_DECIMAL = ValueFormat(ValueType.DECIMAL)
_BOOLEAN = ValueFormat(ValueType.BOOLEAN)
_DATE = ValueFormat(ValueType.DATE)
_DATETIME = ValueFormat(ValueType.DATETIME)
_EMAIL = ValueFormat(ValueType.EMAIL)
_PHONE = ValueFormat(ValueType.PHONE)


def _personal(name: str, display_name: str, format: ValueFormat = TEXT, *, macro: bool = False) -> Attribute:
    return Attribute(
        name=name, display_name=display_name, format=format, pii=True, segmentable=False, macro=macro, custom=False
    )


def _ordinary(name: str, display_name: str, format: ValueFormat = TEXT, *, macro: bool = False) -> Attribute:
    return Attribute(name=name, display_name=display_name, format=format, macro=macro, custom=False)


_ATTRIBUTES = (
    # Identifiers: keys of other systems, and contact addresses.
    _ordinary("crmid", "CRM ID"),
    _ordinary("loyalty_id", "Loyalty ID"),
    _personal("email", "E-mail address", _EMAIL),
    _personal("phone", "Phone number", _PHONE),
    _personal("mobile", "Mobile number", _PHONE),
    # The person.
    _personal("salutation", "Salutation", macro=True),
    _personal("first_name", "First name", macro=True),
    _personal("middle_name", "Middle name", macro=True),
    _personal("last_name", "Last name", macro=True),
    _personal("full_name", "Full name", macro=True),
    _personal("birth_date", "Date of birth", _DATE),
    _ordinary("birth_year", "Year of birth", _INTEGER),
    _ordinary("gender", "Gender"),
    _ordinary("language", "Language", macro=True),
    _ordinary("time_zone", "Time zone"),
    # Where they live.
    _personal("street", "Street"),
    _personal("house_number", "House number"),
    _personal("address_line_2", "Address, second line"),
    _personal("postal_code", "Postal code"),
    _ordinary("city", "City", macro=True),
    _ordinary("region", "State or region", macro=True),
    _ordinary("country", "Country", macro=True),
    # Their work.
    _ordinary("company", "Company", macro=True),
    _ordinary("job_title", "Job title", macro=True),
    _ordinary("industry", "Industry"),
    _ordinary("website", "Website"),
    # Their relation to the tenant.
    _ordinary("customer_since", "Customer since", _DATE, macro=True),
    _ordinary("customer_type", "Customer type"),
    _ordinary("loyalty_tier", "Loyalty tier", macro=True),
    _ordinary("loyalty_points", "Loyalty points", _DECIMAL, macro=True),
    _ordinary("ltv", "Lifetime value", _DECIMAL),
    _ordinary("currency", "Currency"),
    _ordinary("order_count", "Number of orders", _INTEGER),
    _ordinary("last_purchase_at", "Last purchase", _DATETIME),
    _ordinary("last_seen_at", "Last seen", _DATETIME),
    _ordinary("preferred_store", "Preferred store", macro=True),
    # Their consent.
    _ordinary("marketing_consent", "Agreed to marketing", _BOOLEAN),
    _ordinary("email_opt_in", "Agreed to e-mail", _BOOLEAN),
    _ordinary("sms_opt_in", "Agreed to text messages", _BOOLEAN),
    _ordinary("consent_at", "Time of consent", _DATETIME),
)

BUILTIN: MappingProxyType[str, Attribute] = MappingProxyType({attribute.name: attribute for attribute in _ATTRIBUTES})
