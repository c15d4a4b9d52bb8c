"""What the regulations ask of a list of operations, point by point: the columns that answer it, or why none does.

Sources: Regulation (EU) 2021/1060, Art. 49(3), for 2021-2027; Regulation (EU) No 1303/2013, Art. 115(2) and Annex XII,
point 1, for 2014-2020; Regulation (EC) No 1828/2006, Art. 7(2)(d), for 2007-2013.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ASKED", "LIST_OF_OPERATIONS", "Asked", "absent"]

LIST_OF_OPERATIONS = "list_of_operations"
"""The view of the schema `report` that holds the list."""

_CPR_2021 = "(EU) 2021/1060, Art. 49(3)"
_CPR_2013 = "(EU) 1303/2013, Annex XII, 1"
_CPR_2006 = "(EC) 1828/2006, Art. 7(2)(d)"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a regulation asks for.

    `columns` of the list answer it; where there are none it is absent. `remark_sv` and `remark_en` say why it is, or
    what the answer leaves open.
    """

    regulation: str
    sv: str
    en: str
    columns: tuple[str, ...] = ()
    remark_sv: str = ""
    remark_en: str = ""


ASKED = (
    Asked(_CPR_2021, "Unik kod för insatsen", "Unique code of the operation", ("operation_code",)),
    Asked(
        f"{_CPR_2021}(a)",
        "Stödmottagarens namn, om en juridisk person",
        "Name of the beneficiary, where a legal entity",
        ("beneficiary", "beneficiary_org_number"),
        "Som på sidan, som kan klippa av långa namn.",
        "As on the page, which may cut long names.",
    ),
    Asked(
        f"{_CPR_2021}(a)",
        "Uppdragstagarens namn vid offentlig upphandling",
        "Name of the contractor, in the case of public procurement",
        (),
        "Ingen sida anger uppdragstagare.",
        "No page names contractors.",
    ),
    Asked(
        f"{_CPR_2021}(b)",
        "För- och efternamn, om stödmottagaren är en fysisk person",
        "First name and surname, where the beneficiary is a natural person",
        (),
        "Utelämnat: sidorna skiljer inte på fysiska och juridiska personer, och sådana namn ska tas bort efter två år. "
        "Stödmottagaren är tom där organisationsnumret är en enskild firmas.",
        "Withheld: pages do not tell natural persons from legal ones, and such names are to be removed after two "
        "years. The beneficiary is empty where the organisation number is a sole trader's.",
    ),
    Asked(
        f"{_CPR_2021}(c)",
        "Fiskefartygets nummer i unionsregistret",
        "Number of the fishing vessel in the Union's register",
        (),
        "Gäller bara EHFVF, inte ESF.",
        "Concerns the EMFAF only, not the ESF.",
    ),
    Asked(f"{_CPR_2021}(d)", "Insatsens namn", "Name of the operation", ("operation_name",)),
    Asked(
        f"{_CPR_2021}(e)",
        "Insatsens syfte och dess förväntade eller faktiska resultat",
        "Purpose of the operation and its expected or actual achievements",
        ("purpose", "expected_achievements", "operation_summary"),
        "Förväntade, inte faktiska. Sidor från 2014 och senare har en enda beskrivning.",
        "Expected, not actual ones. Pages from 2014 on have one description.",
    ),
    Asked(f"{_CPR_2021}(f)", "Insatsens startdatum", "Start date of the operation", ("start_date",)),
    Asked(
        f"{_CPR_2021}(g)",
        "Förväntat eller faktiskt slutdatum",
        "Expected or actual date of completion",
        ("end_date",),
        "Sidan säger inte vilket av de två.",
        "The page does not say which of the two.",
    ),
    Asked(f"{_CPR_2021}(h)", "Insatsens totala kostnad", "Total cost of the operation", ("total_cost_sek",)),
    Asked(f"{_CPR_2021}(i)", "Fond", "Fund", ("fund",)),
    Asked(f"{_CPR_2021}(j)", "Specifikt mål", "Specific objective", ("specific_objective",)),
    Asked(
        f"{_CPR_2021}(k)",
        "Unionens medfinansieringsgrad",
        "Union co-financing rate",
        ("union_cofinancing_rate",),
        "Där sidan anger den; den räknas inte ut.",
        "Where the page gives it; it is not worked out.",
    ),
    Asked(
        f"{_CPR_2021}(l)",
        "Platsindikator eller geolokalisering, och land",
        "Location indicator or geolocation, and country",
        ("municipalities", "region", "nuts2_code", "country"),
        "Kommuner och region; inga koordinater.",
        "Municipalities and region; no coordinates.",
    ),
    Asked(
        f"{_CPR_2021}(m)",
        "Stödmottagarens plats, för rörliga insatser och insatser på flera platser",
        "Location of the beneficiary, for mobile operations and those covering several locations",
        ("beneficiary_postcode", "beneficiary_town"),
    ),
    Asked(f"{_CPR_2021}(n)", "Typ av intervention", "Type of intervention", ("type_of_intervention",)),
    Asked(
        _CPR_2013,
        "Totala stödberättigande utgifter som anslagits till insatsen",
        "Total eligible expenditure allocated to the operation",
        (),
        "Sidorna anger hela budgeten, inte hur mycket av den som är stödberättigande.",
        "Pages give the whole budget, not how much of it is eligible.",
    ),
    Asked(
        _CPR_2013,
        "Insatsens postnummer, eller annan lämplig platsindikator",
        "Operation postcode, or other appropriate location indicator",
        ("municipalities", "nuts2_code"),
        "Sidornas postnummer är stödmottagarens.",
        "The postcode on pages is the beneficiary's.",
    ),
    Asked(
        _CPR_2013,
        "Namn på interventionskategorin",
        "Name of the category of intervention",
        (),
        "Sidorna anger koden, inte namnet (type_of_intervention).",
        "Pages give its code, not its name (type_of_intervention).",
    ),
    Asked(
        _CPR_2013,
        "Dag då förteckningen senast uppdaterades",
        "Date of last update of the list of operations",
        ("last_updated",),
        "För varje insats.",
        "For each operation.",
    ),
    Asked(
        _CPR_2006,
        "Offentlig finansiering som anslagits till insatsen",
        "Amount of public funding allocated to the operation",
        ("grant_sek",),
        "Fondens stöd; sidorna anger inte annan offentlig finansiering för sig.",
        "The fund's grant; pages do not tell other public funding apart.",
    ),
)
"""What is asked for, in the order of the regulations. What an older one asks for as a later one does stands once."""


def absent() -> tuple[Asked, ...]:
    """What no column of the list answers."""
    return tuple(asked for asked in ASKED if not asked.columns)
