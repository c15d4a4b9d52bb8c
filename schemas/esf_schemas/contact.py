"""The one table of personal data. It is created in the private vault only, never in the warehouse."""

from __future__ import annotations

import polars as pl

from esf_schemas.model import Contract, Text, column, holds

__all__ = ["Contact", "stand_ins"]

# Some text before one @, and labels joined by dots after it: enough to tell an address from a slip.
_EMAIL = r"^[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+$"
# 6 to 13 digits in a row, with any blanks, dashes, brackets, slashes, dots or plus signs among them, and
# whatever else before and after: `0410 - 73 30 95`, `+46 (0)70-123 45 67`, `08-123 45 67 ankn 12`, two
# numbers in one field.
_PHONE = r"(?:^|[^0-9])[0-9](?:[\s\p{Pd}\x{2212}()/.+]*[0-9]){5,12}(?:[^0-9]|$)"


class Contact(
    Contract, table="contact", schema="vault", key=("project_id",), parent="project", absent="contact-missing"
):
    """The contact person of a project, as on its page: personal data, kept in the private vault only."""

    project_id: Text = column("The project (project.project_id).")
    name: Text = column(
        "Kontaktperson: name of the contact person.",
        nullable=True,
        pii=True,
        checks=[holds("contact-missing", pl.any_horizontal(pl.col("name", "email", "phone").is_not_null()))],
    )
    email: Text = column(
        "E-post: e-mail address of the contact person.",
        nullable=True,
        pii=True,
        checks=[holds("email-malformed", pl.col("email").str.contains(_EMAIL))],
    )
    phone: Text = column(
        "Telefonnummer: phone number of the contact person.",
        nullable=True,
        pii=True,
        checks=[holds("phone-malformed", pl.col("phone").str.contains(_PHONE))],
    )


def stand_ins(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `contact` with nobody in them, and of which every rule above says the same."""

    def stands_for(name: str, pattern: str | None, fine: str, odd: str) -> pl.Expr:
        is_fine = pl.lit(True) if pattern is None else pl.col(name).str.contains(pattern)  # noqa: FBT003 - a literal
        return (
            pl.when(pl.col(name).is_null())
            .then(None)
            .when(is_fine)
            .then(pl.lit(fine))
            .otherwise(pl.lit(odd))
            .alias(name)
        )

    return rows.with_columns(
        stands_for("name", None, "-", "-"),
        stands_for("email", _EMAIL, "a@b.example", "-"),
        stands_for("phone", _PHONE, "000000", "-"),
    )
