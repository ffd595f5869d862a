"""Floor 4: what a run showed, as one HTML page that opens without a network, and as text for the terminal."""

from webapprentice.report.choose import attempt, choose
from webapprentice.report.data import (
    Arm,
    Attempt,
    Case,
    CaseKind,
    Cell,
    Curation,
    Difference,
    LossPoint,
    Origin,
    Rate,
    ReportData,
    Role,
    RuleRow,
    ShownStep,
    Split,
    Stage,
    TaskRow,
    Training,
)
from webapprentice.report.markdown import markdown_table
from webapprentice.report.measured import cells, difference, rate, task_rows
from webapprentice.report.page import render_report, write_report
from webapprentice.report.terminal import summary_text

__all__ = [
    "Arm",
    "Attempt",
    "Case",
    "CaseKind",
    "Cell",
    "Curation",
    "Difference",
    "LossPoint",
    "Origin",
    "Rate",
    "ReportData",
    "Role",
    "RuleRow",
    "ShownStep",
    "Split",
    "Stage",
    "TaskRow",
    "Training",
    "attempt",
    "cells",
    "choose",
    "difference",
    "markdown_table",
    "rate",
    "render_report",
    "summary_text",
    "task_rows",
    "write_report",
]
