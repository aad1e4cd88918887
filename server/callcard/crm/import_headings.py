"""The headings of CSV files that are recognised: our own, and those of other products' exports.

Google Contacts (before and after 2024), Outlook in English, German, French and Spanish, iCloud,
Salesforce and HubSpot. A heading is compared without case, accents, punctuation and numbers, so
`Phone 1 - Value` is `phone value`.
"""

from __future__ import annotations

import re

from callcard.crm.import_report import Kind
from callcard.text import fold

_NUMBER = (
    # English: ours, Google, Outlook, Salesforce, HubSpot
    "number,phone,telephone,phone number,tel,mobile,mobile phone,mobile number,cell,cell phone,"
    "phone value,mobile phone number,business phone,work phone,home phone,other phone,car phone,"
    "primary phone,company phone,company main phone,main phone,radio phone,assistant s phone,"
    "assistant phone,callback,isdn,office,direct phone,direct dial,asst phone,phone home,"
    "phone work,phone mobile,phone main,phone other,mobilephone,homephone,workphone,otherphone,"
    "assistantphone,"
    # German
    "telefon,telefonnummer,rufnummer,mobil,mobiltelefon,mobilnummer,handy,handynummer,geschaftlich,"
    "telefon wert,mobiltelefonnummer,telefon geschaftlich,telefon privat,telefon mobil,"
    "telefon firma,weiteres telefon,"
    "haupttelefon,autotelefon,telefon assistent,ruckmeldung,durchwahl,festnetz,tel buro,"
    # French
    "telephone bureau,tel mobile,telephone mobile,telephone domicile,telephone societe,tel societe,"
    "autre telephone,telephone principal,telephone voiture,telephone assistant,numero de telephone,"
    "portable,telephone autre,radio telephone,numero de telephone mobile,"
    # Spanish
    "telefono,telefono del trabajo,telefono trabajo,telefono movil,movil,telefono particular,"
    "telefono principal,telefono de la organizacion,telefono de la compania,otro telefono,"
    "telefono del automovil,telefono del ayudante,celular,numero de telefono,"
    "numero de telefono movil,telefone,telefone celular,telefono cellulare,cellulare,"
    # Arabic
    "الهاتف,الجوال"
)
_EMAIL = (
    "email,e mail,mail,email address,e mail address,e mail value,email value,email work,"
    "email home,e mail adresse,mail adresse,adresse de messagerie,adresse e mail,courriel,"
    "direccion de correo electronico,correo electronico,correo,البريد الإلكتروني"
)

FIELDS: dict[Kind, dict[str, str]] = {
    "contacts": {
        "id": "id,contact id,customer id,customer number,record id,kundennummer,kundennr,nr,uid,"
        "key,numero de client,numero de cliente,المعرف",
        "name": "name,full name,display name,contact,contact name,file as,vollstandiger name,"
        "anzeigename,nom complet,nombre completo,الاسم",
        "first_name": "first name,firstname,given name,vorname,prenom,nombre,الاسم الأول",
        "middle_name": "middle name,additional name,weitere vornamen,zweiter vorname,"
        "deuxieme prenom,segundo nombre",
        "last_name": "last name,lastname,surname,family name,nachname,nom,nom de famille,apellidos,"
        "apellido,اسم العائلة",
        "company": "company,company name,organisation,organization,organization name,account,"
        "account name,associated company,firma,unternehmen,societe,entreprise,empresa,compania,"
        "organizacion,الشركة",
        "number": _NUMBER,
        "email": _EMAIL,
        "url": "url,link,record,record url,web,web page,website,website value,webseite,page web,"
        "site web,pagina web",
        "language": "language,preferred language,sprache,langue,idioma,lengua,اللغة",
        "flags": "flags,tags,labels,categories,group membership,merkmale,kategorien,gruppen,"
        "etiquettes,categorias,etiquetas",
    },
    "interactions": {
        "contact": "contact,contact id,customer,customer id,kunde,kundennummer,id",
        "started_at": "started at,start,at,date,time,when,datum,zeit",
        "kind": "kind,type,channel,art,kanal",
        "direction": "direction,richtung",
        "subject": "subject,summary,title,betreff",
        "agent": "agent,user,owner,bearbeiter",
    },
    "cases": {
        "id": "id,case,case id,ticket,number,nummer",
        "contact": "contact,contact id,customer,customer id,kunde,kundennummer",
        "subject": "subject,title,summary,betreff",
        "status": "status,state",
        "opened_at": "opened at,opened,created,date,eroffnet,datum",
        "url": "url,link",
        "open": "open,is open,offen",
    },
}
"""The fields of each kind of row, with the headings that are recognised without a mapping."""

REQUIRED: dict[Kind, tuple[str, ...]] = {
    "contacts": (),
    "interactions": ("contact", "started_at", "subject"),
    "cases": ("id", "contact", "subject"),
}
_LABELS = ("phone type", "phone label", "e mail type", "e mail label", "website type")
"""Google's columns that say of which type the next column's value is."""


def plain_heading(heading: str) -> str:
    """Return a heading as it is compared: `Phone_2` and `Phone 2` are `phone`."""
    words = re.sub(r"[\W_]+", " ", fold(heading)).split()
    return " ".join(word for word in words if not word.isdigit())


_FIELD_OF_HEADING: dict[Kind, dict[str, str]] = {
    kind: {
        plain_heading(heading): field
        for field, headings in reversed(fields.items())
        for heading in headings.split(",")
    }
    for kind, fields in FIELDS.items()
}


def field_of(heading: str, kind: Kind) -> str | None:
    """Return the field that a heading stands for, or None."""
    return _FIELD_OF_HEADING[kind].get(plain_heading(heading))


def is_label(heading: str) -> bool:
    """Return whether a column only says what type the value beside it is of."""
    return plain_heading(heading) in _LABELS
