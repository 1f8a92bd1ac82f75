"""Tools that every call has. The schema comes from the type hints, the description from the docstring."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from bedrock_nova import tool

#: Oslo → Europe/Oslo, for the cities after which time zones are called.
ZONES = {zone.rsplit("/", 1)[-1].replace("_", " ").lower(): zone for zone in sorted(available_timezones())}


@tool
def get_time(city: Annotated[str, "The nearest large city, in English."]) -> dict[str, int]:
    """Tells what time it is in a city."""
    zone = ZONES.get(city.strip().lower())
    if zone is None:
        raise ValueError(f"No time zone is called after {city}; try the capital.")
    now = datetime.now(ZoneInfo(zone))
    return {"hour": now.hour, "minute": now.minute}


@tool
async def days_until(day: Annotated[str, "A date as YYYY-MM-DD."]) -> dict[str, int]:
    """Counts the days from today to a date; negative if it is over."""
    return {"days": (date.fromisoformat(day) - date.today()).days}


TOOLS = (get_time, days_until)
