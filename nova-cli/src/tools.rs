//! Tools that every call of `bedrock-nova serve` has: those of the voice backends in the other languages, so that a call
//! may go from one to the next.

use bedrock_nova::sonic::Tool;
use jiff::civil::Date;
use jiff::{Timestamp, ZonedDateTime};
use serde_json::{Value, json};

/// All of them.
pub(crate) fn all() -> [Tool; 2] {
    [
        Tool::new(
            "get_time",
            "Tells what time it is in a city.",
            object("city", "The nearest large city, in English."),
            |arguments: Value| async move { time_in(text(&arguments, "city")?, Timestamp::now()) },
        ),
        Tool::new(
            "days_until",
            "Counts the days from today to a date; negative if it is over.",
            object("day", "A date as YYYY-MM-DD."),
            |arguments: Value| async move { days_until(text(&arguments, "day")?, ZonedDateTime::now().date()) },
        ),
    ]
}

fn time_in(city: &str, now: Timestamp) -> Result<Value, String> {
    // Oslo → Europe/Oslo: time zones are called after cities.
    let wanted = city.trim().replace(' ', "_");
    let is_it = |zone: &str| zone.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&wanted));
    let zone = jiff::tz::db().available().find(|zone| is_it(zone.as_str()));
    let there = zone.and_then(|zone| now.in_tz(zone.as_str()).ok());
    let there = there.ok_or_else(|| format!("No time zone is called after {city}; try the capital."))?;
    Ok(json!({"hour": there.hour(), "minute": there.minute()}))
}

fn days_until(day: &str, today: Date) -> Result<Value, String> {
    let day: Date = day.trim().parse().map_err(|_| format!("{day} is no date."))?;
    let days = today.until(day).map_err(|error| error.to_string())?.get_days();
    Ok(json!({ "days": days }))
}

fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, String> {
    arguments[name].as_str().ok_or_else(|| format!("`{name}` is a text."))
}

/// A schema of one text.
fn object(name: &str, description: &str) -> Value {
    json!({"type": "object", "properties": {name: {"type": "string", "description": description}}, "required": [name]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_in_both_directions() {
        let today = Date::constant(2026, 2, 27);
        assert_eq!(days_until("2026-03-02", today), Ok(json!({"days": 3})));
        assert_eq!(days_until("2025-02-27", today), Ok(json!({"days": -365})));
        assert_eq!(days_until("soon", today), Err("soon is no date.".to_owned()));
    }

    #[test]
    fn a_city_has_the_time_of_its_zone() {
        let noon = Timestamp::UNIX_EPOCH;
        assert!(time_in("Atlantis", noon).is_err());
        // Where a machine has no time zones, nothing is known of any city.
        if jiff::tz::db().available().next().is_some() {
            assert_eq!(time_in("new york", noon), Ok(json!({"hour": 19, "minute": 0})));
        }
    }
}
