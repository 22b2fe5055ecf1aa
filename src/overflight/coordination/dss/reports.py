"""Reports of exchanges with others that failed: kept, for whoever looks into it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from overflight.coordination.dss.client import Client
from overflight.coordination.dss.register import Register
from overflight.coordination.dss.requests import read_report
from overflight.coordination.dss.tables import REPORTS


def keep_report(register: Register, client: Client, told: Any) -> dict[str, Any]:
    """Keep a report; returns it with its number.

    Raises:
        ParameterError: it makes no sense.
    """
    report = read_report(told) | {"report_id": str(uuid.uuid4())}
    row = {"id": report["report_id"], "at_us": register.clock(), "reporter": client.name, "report": json.dumps(report)}
    with register.database.transaction() as connection:
        connection.execute(REPORTS.insert(), row)
    return report
