"""Floor 1, pure: secrets become placeholders before anything is written, and what still looks like one is named.

    redactor = Redactor()                       # one for a recording
    redactor.learn("password", "hunter2!")      # {{password:1}}, the same wherever it turns up again
    redactor.clean("sent hUnTeR2%21 to them")   # sent {{password:1}} to them

What is learned disappears in every spelling that `docs/redaction.md` names; what has the shape of a secret is found
without being learned.
"""

from webapprentice.redaction.fields import secret_field
from webapprentice.redaction.findings import Finding, Masked, findings, masked, summary
from webapprentice.redaction.placeholders import PLACEHOLDER, placeholders
from webapprentice.redaction.redactor import Redactor

__all__ = [
    "PLACEHOLDER",
    "Finding",
    "Masked",
    "Redactor",
    "findings",
    "masked",
    "placeholders",
    "secret_field",
    "summary",
]
