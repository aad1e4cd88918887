"""Answers of CRMs to a look-up, in the shape that their vendors document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from callcard.crm.base import Contact

FORMATTED = "@OData.Community.Display.V1.FormattedValue"


@dataclass(frozen=True)
class Sample:
    """A search answer in the vendor's documented shape, for a contact with +49 30 123456."""

    answer: Any
    contact: Contact
    search: str
    """A part of the look-up's address and body, decoded."""


def contact(preset: str, id: str, url: str, company: str = "Nordlicht") -> Contact:
    return Contact(
        source=preset, id=id, name="Ada Lovelace", company=company, email="ada@example.org", url=url
    )


SAMPLES = {
    "dynamics": Sample(
        {
            "@odata.context": "https://acme.crm4.dynamics.com/api/data/v9.2/$metadata#contacts",
            "value": [
                {
                    "@odata.etag": 'W/"1"',
                    "contactid": "c5f2",
                    "fullname": "Ada Lovelace",
                    "emailaddress1": "ada@example.org",
                    "telephone1": "+49 (0)30 123456",
                    "telephone2": None,
                    "mobilephone": None,
                    "donotphone": False,
                    "_parentcustomerid_value": "a1",
                    f"_parentcustomerid_value{FORMATTED}": "Nordlicht",
                }
            ],
        },
        contact(
            "dynamics",
            "c5f2",
            "https://acme.crm4.dynamics.com/main.aspx?appid=app&pagetype=entityrecord"
            "&etn=contact&id=c5f2",
        ),
        "contains(mobilephone,'30123456')",
    ),
    "freshdesk": Sample(
        {
            "total": 1,
            "results": [
                {
                    "id": 5,
                    "name": "Ada Lovelace",
                    "email": "ada@example.org",
                    "phone": "+4930123456",
                    "mobile": None,
                    "tags": [],
                }
            ],
        },
        contact("freshdesk", "5", "https://acme.freshdesk.com/a/contacts/5", company=""),
        "\"phone:'+4930123456' OR mobile:'+4930123456'\"",
    ),
    "hubspot": Sample(
        {
            "total": 1,
            "results": [
                {
                    "id": "501",
                    "properties": {
                        "firstname": "Ada",
                        "lastname": "Lovelace",
                        "company": "Nordlicht",
                        "email": "ada@example.org",
                        "phone": "030 123456",
                        "mobilephone": None,
                        "hs_language": None,
                    },
                }
            ],
        },
        contact("hubspot", "501", "https://app.hubspot.com/contacts/42/record/0-1/501"),
        '"propertyName":"hs_searchable_calculated_phone_number","operator":"EQ","value":"30123456"',
    ),
    "odoo": Sample(
        [
            {
                "id": 12,
                "name": "Ada Lovelace",
                "commercial_company_name": "Nordlicht",
                "email": "ada@example.org",
                "phone": "030 123456",
                "lang": "de_DE",
            },
            {
                "id": 13,
                "name": "Nobody",
                "commercial_company_name": False,
                "email": False,
                "phone": False,
                "lang": False,
            },
        ],
        contact("odoo", "12", "https://acme.odoo.com/odoo/contacts/12"),
        '/res.partner/search_read? {"domain":[["phone_mobile_search","ilike","+4930123456"]]',
    ),
    "pipedrive": Sample(
        {
            "success": True,
            "data": {
                "items": [
                    {
                        "result_score": 0.7,
                        "item": {
                            "id": 9,
                            "type": "person",
                            "name": "Ada Lovelace",
                            "phones": ["030 123456"],
                            "emails": ["ada@example.org"],
                            "organization": {"id": 1, "name": "Nordlicht"},
                        },
                    }
                ]
            },
        },
        contact("pipedrive", "9", "https://acme.pipedrive.com/person/9"),
        "term=30123456&fields=phone",
    ),
    "salesforce": Sample(
        {
            "searchRecords": [
                {
                    "attributes": {"type": "Contact", "url": "/services/data/v62.0/…"},
                    "Id": "003A",
                    "Name": "Ada Lovelace",
                    "Email": "ada@example.org",
                    "Phone": "(030) 123456",
                    "MobilePhone": None,
                    "Account": {"attributes": {"type": "Account"}, "Name": "Nordlicht"},
                }
            ]
        },
        contact("salesforce", "003A", "https://acme.my.salesforce.com/003A"),
        "FIND {4930123456 OR 030123456 OR 30123456} IN PHONE FIELDS",
    ),
    "servicenow": Sample(
        {
            "result": [
                {
                    "sys_id": "5137",
                    "name": "Ada Lovelace",
                    "email": "ada@example.org",
                    "phone": "030-123456",
                    "mobile_phone": "",
                    "company.name": "Nordlicht",
                    "vip": "false",
                    "preferred_language": "",
                }
            ]
        },
        contact("servicenow", "5137", "https://acme.service-now.com/sys_user.do?sys_id=5137"),
        "active=true^phoneLIKE30123456^ORmobile_phoneLIKE30123456",
    ),
    "suitecrm": Sample(
        {
            "meta": {"total-pages": 1},
            "data": [
                {
                    "type": "Contact",
                    "id": "b7",
                    "attributes": {
                        "full_name": "Ada Lovelace",
                        "account_name": "Nordlicht",
                        "email1": "ada@example.org",
                        "phone_work": "030/12 34 56",
                        "do_not_call": "0",
                    },
                }
            ],
        },
        contact(
            "suitecrm",
            "b7",
            "https://crm.acme.example/index.php?module=Contacts&action=DetailView&record=b7",
        ),
        "filter[phone_mobile][like]=%3%0%1%2%3%4%5%6",
    ),
    "zendesk": Sample(
        {
            "results": [
                {
                    "id": 77,
                    "result_type": "user",
                    "name": "Ada Lovelace",
                    "email": "ada@example.org",
                    "phone": "+4930123456",
                    "locale": None,
                    "tags": [],
                }
            ],
            "count": 1,
        },
        contact("zendesk", "77", "https://acme.zendesk.com/agent/users/77", company=""),
        "type:user role:end-user phone:*30123456",
    ),
    "zoho": Sample(
        {
            "data": [
                {
                    "id": "55",
                    "Full_Name": "Ada Lovelace",
                    "Account_Name": {"id": "1", "name": "Nordlicht"},
                    "Email": "ada@example.org",
                    "Phone": "030 123456",
                    "Mobile": None,
                }
            ],
            "info": {"more_records": False},
        },
        contact("zoho", "55", "https://crm.zoho.eu/crm/tab/Contacts/55"),
        "/crm/v8/Contacts/search?phone=+4930123456",
    ),
}
