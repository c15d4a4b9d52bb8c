"""The rules a row is held to, as data: their codes, how hard they are, what to say when one is broken.

Where a rule is a check of one row, the contract of its table holds the expression under the rule's code;
what needs the whole warehouse (`likely-duplicate`, `identity-doubt`, `content-shrunk`) is found there and
only described here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = ["FALLBACK", "RULES", "Rule", "Severity"]

Severity = Literal["hard", "soft"]

FALLBACK = "value-not-in-contract"
"""The rule of everything a contract says of a single column: not null, one of a list, within bounds."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    A row that breaks a `hard` rule has its whole file rejected; a `soft` one leaves a finding beside the
    loaded row. `message` says what is wrong, `expected` what would be right, `advice` what to do about it.
    `found` shows the values at fault, with column names in braces; where it is None, the value of the
    checked column is shown. `layouts` names the page layouts the rule is meant for; empty means all.
    """

    code: str
    severity: Severity
    message: str
    expected: str
    advice: str
    found: str | None = None
    layouts: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What is wrong and what to do about it, in one line for a person."""
        return f"{self.message} {self.advice}"


# Only the pages of 2007-2013 have a phase and a list of municipalities, and those of 2021-2027 no contact:
# asking for them elsewhere would leave a finding on every page and hide the ones that matter.
_WITH_PHASE = ("glued-2007",)
_WITH_MUNICIPALITIES = ("glued-2007",)
_WITH_CONTACT = ("glued-2007", "lines-2014", "colon-2014")

_ALL = (
    Rule(
        "title-missing",
        "hard",
        "The project has no title.",
        "a title",
        "Save the page again, whole.",
    ),
    Rule(
        "period-reversed",
        "hard",
        "The project ends before it starts.",
        "a first day no later than the last day",
        "Compare the project period with the page on the web.",
        found="period_start {period_start} > period_end {period_end}",
    ),
    Rule(
        "amount-negative",
        "hard",
        "An amount is below zero.",
        "an amount of 0 SEK or more",
        "Compare the amount with the page on the web.",
    ),
    Rule(
        "grant-above-budget",
        "hard",
        "The grant is larger than the whole budget.",
        "a grant no larger than the budget (the same is fine)",
        "Compare the two amounts with the page on the web.",
        found="grant_sek {grant_sek} > budget_sek {budget_sek}",
    ),
    Rule(
        "key-duplicate",
        "hard",
        "Two rows of one file have the same key.",
        "a key that stands once",
        "Report this with the file: the parser should have numbered the rows.",
    ),
    Rule(
        "parent-missing",
        "hard",
        "The row belongs to a project that is not in its file.",
        "the project_id of a project in the same file",
        "Report this with the file: the parser should have given the project.",
    ),
    Rule(
        FALLBACK,
        "hard",
        "The value is none that the contract of its column allows.",
        "a value that the contract of the column allows",
        "See the column in the data dictionary, and report the file where the page itself is right.",
    ),
    Rule(
        "period-outside-programme",
        "soft",
        "The project period lies outside its programme period.",
        "days from the first year of the programme to two years after its last",
        "Compare the project period with the page on the web.",
        found="{period_start} to {period_end}, programme {programme_period}",
    ),
    Rule(
        "region-missing",
        "soft",
        "The page names no region.",
        "an ESF region",
        "Reports by region leave this project out.",
    ),
    Rule(
        "region-unknown",
        "soft",
        "The region is not in ref.region.",
        "a region of ref.region, in any of its known spellings",
        "If it is another spelling of one, add that to the reference data; reports by region leave it out.",
    ),
    Rule(
        "municipality-missing",
        "soft",
        "The page names no municipality.",
        "at least one municipality",
        "Reports by municipality leave this project out.",
        layouts=_WITH_MUNICIPALITIES,
    ),
    Rule(
        "municipality-unknown",
        "soft",
        "The municipality is not in ref.municipality.",
        "one of the 290 names of ref.municipality",
        "Compare the name with the page on the web; reports by municipality leave it out.",
    ),
    Rule(
        "phase-missing",
        "soft",
        "The page names no phase.",
        "Genomförande or Förprojektering",
        "Reports by phase leave this project out.",
        layouts=_WITH_PHASE,
    ),
    Rule(
        "phase-unknown",
        "soft",
        "The phase is none of the known ones.",
        "Genomförande or Förprojektering",
        "If the project bank has a new phase, add it to the contract.",
    ),
    Rule(
        "owner-missing",
        "soft",
        "The page names no project owner.",
        "the name of an organisation",
        "Reports by owner leave this project out.",
    ),
    Rule(
        "contact-missing",
        "soft",
        "The page gives no contact: no name, no e-mail address, no phone number.",
        "a contact person",
        "Nothing to do unless the contact is needed.",
        layouts=_WITH_CONTACT,
    ),
    Rule(
        "email-malformed",
        "soft",
        "The e-mail address of the contact has not the form of one.",
        "one address such as name@example.org",
        "Compare the address with the page on the web before writing to it.",
    ),
    Rule(
        "phone-malformed",
        "soft",
        "The phone number of the contact holds no plausible number.",
        "a number of 6 to 13 digits, however they are grouped",
        "Compare the number with the page on the web before calling it.",
    ),
    Rule(
        "likely-duplicate",
        "soft",
        "Another project looks like the same one.",
        "one project_id a project",
        "Compare the two pages; counts and sums may hold this project twice.",
    ),
    Rule(
        "identity-doubt",
        "soft",
        "The page has the id of a known project, but another owner and other amounts.",
        "the same owner, grant or budget as the version before",
        "Compare the two versions: the page may be of another project.",
    ),
    Rule(
        "content-shrunk",
        "soft",
        "The page has fewer sections than the version before.",
        "at least the sections of the version before",
        "Compare the two versions: the page may have been cut off when it was saved.",
    ),
    Rule(
        "grant-share-low",
        "soft",
        "The grant is less than a tenth of the budget.",
        "a grant of at least 10 % of the budget",
        "Compare the two amounts with the page on the web: a digit may be missing.",
        found="grant_sek {grant_sek}, budget_sek {budget_sek}",
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for rule in _ALL})
"""Every rule by its code. The codes are stable: they stand in etl.reject and etl.finding of warehouses."""
