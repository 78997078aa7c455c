"""What looks personal by its name."""

from __future__ import annotations

import pytest

from replicator.onboard.personal import personal
from replicator.schema.fields import Field, Mode


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("email", "exclude"), ("customer_email", "exclude"), ("eMail", "exclude"),
        ("billing_address_line_1", "exclude"),
        ("phoneNumber", "exclude"), ("dateOfBirth", "exclude"), ("IPAddress", "exclude"), ("ip", "exclude"),
        ("customer_name", "exclude"), ("user_id", "hash"), ("userId", "hash"), ("fullVisitorId", "hash"),
        ("user_pseudo_id", "hash"), ("advertising_id", "hash"),
    ],
)  # fmt: skip
def test_names_that_look_personal(name: str, use: str) -> None:
    """In snake case, camel case and with words before them that only say whose it is."""
    assert [(each.path, each.use) for each in personal((Field(name, "STRING"),))] == [(name, use)]


@pytest.mark.parametrize(
    "name",
    ["name", "event_name", "is_mobile", "isMobile", "mobile_brand_name", "email_count", "shipping", "zip", "order_id",
     "campaign_id", "hostname", "user", "street_lights", "app_id"],
)  # fmt: skip
def test_names_that_do_not(name: str) -> None:
    """Neither what merely contains such a word, nor a word that stands for many things."""
    assert not list(personal((Field(name, "STRING"),)))


def test_paths_go_into_records_and_stop_at_what_is_left_out() -> None:
    """Through arrays, too; a record that is an address goes as a whole, and what cannot be hashed goes as well."""
    person = Field("people", "RECORD", Mode.REPEATED, (Field("user_id", "GEOGRAPHY"), Field("Email", "STRING")))
    address = Field("address", "RECORD", fields=(Field("street", "STRING"),))
    named = Field("user_id", "RECORD", fields=(Field("email", "STRING"),))

    found = {each.path: each.use.value for each in personal((person, address, named))}

    assert found == {"people.user_id": "exclude", "people.Email": "exclude", "address": "exclude",
                     "user_id.email": "exclude"}  # fmt: skip


def test_a_name_that_no_path_can_say_is_passed_over() -> None:
    """A pipeline file cannot name a column with a blank in it."""
    assert not list(personal((Field("e mail", "STRING"), Field("a b", "RECORD", fields=(Field("email", "STRING"),)))))
