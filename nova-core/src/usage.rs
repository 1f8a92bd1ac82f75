//! What a call costs, to the last unit, and how much of it is allowed.
//!
//! Prices are list prices from the [catalogue](crate::model), in pico-dollars a token; a price that nobody published is
//! unknown and never zero, and so is every cost that would need it.

use std::fmt;
use std::ops::{Add, AddAssign};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Model, Prices};
use crate::sonic::wire::Tokens;

/// Decimal places of a pico-dollar.
const PLACES: usize = 12;
const PICO: u128 = 1_000_000_000_000;

/// An exact amount of US dollars, in steps of a pico-dollar (10⁻¹² USD).
///
/// It reads and writes as a decimal number of dollars in a string, `"0.0123"`: a JSON number would be rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Money {
    pico: u128,
}

impl Money {
    /// Makes an amount of pico-dollars (10⁻¹² USD).
    #[must_use]
    pub const fn from_pico_dollars(pico: u128) -> Self {
        Money { pico }
    }

    /// Makes an amount of cents.
    #[must_use]
    pub const fn from_cents(cents: u64) -> Self {
        Money { pico: cents as u128 * (PICO / 100) }
    }

    /// Returns the amount in pico-dollars.
    #[must_use]
    pub const fn pico_dollars(self) -> u128 {
        self.pico
    }

    /// Returns how much more this is than an earlier amount; nothing if it is less.
    #[must_use]
    pub const fn since(self, before: Money) -> Money {
        Money { pico: self.pico.saturating_sub(before.pico) }
    }

    /// Returns what tokens cost at these prices; none if one was used whose price is unknown.
    #[must_use]
    pub fn cost(tokens: Tokens, prices: Prices) -> Option<Money> {
        let Tokens { speech_in, text_in, speech_out, text_out } = tokens;
        let parts = [
            (speech_in, prices.speech_in),
            (text_in, prices.text_in),
            (speech_out, prices.speech_out),
            (text_out, prices.text_out),
        ];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let pico = parts.map(|(count, price)| Some(u128::from(count) * u128::from(price?))).sum::<Option<u128>>()?;
        Some(Money { pico })
    }
}

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Money {
        Money { pico: self.pico.saturating_add(other.pico) }
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl fmt::Display for Money {
    /// Writes dollars with as many decimal places as the amount has, and two at least.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = format!("{:0PLACES$}", self.pico % PICO);
        let (cents, finer) = places.split_at(2);
        write!(f, "{}.{cents}{}", self.pico / PICO, finer.trim_end_matches('0'))
    }
}

impl From<Money> for String {
    fn from(money: Money) -> String {
        money.to_string()
    }
}

impl TryFrom<String> for Money {
    type Error = Error;

    fn try_from(text: String) -> Result<Money> {
        text.parse()
    }
}

impl FromStr for Money {
    type Err = Error;

    /// Reads dollars: digits, and perhaps a point and at most twelve more digits.
    fn from_str(text: &str) -> Result<Money> {
        let unreadable = || {
            Error::new(ErrorKind::Invalid, format!("{text:?} is no amount of US dollars."))
                .with_code("money")
                .with_hint("Write digits, and perhaps a point and at most twelve more digits: \"0.25\".")
        };
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(places) || places.len() > PLACES {
            return Err(unreadable());
        }
        let whole: u128 = whole.parse().map_err(|_| unreadable())?;
        let places: u128 = format!("{places:0<PLACES$}").parse().map_err(|_| unreadable())?;
        let pico = whole.checked_mul(PICO).and_then(|pico| pico.checked_add(places)).ok_or_else(unreadable)?;
        Ok(Money { pico })
    }
}

// The text of `Display`, which `FromStr` reads.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "An exact amount of US dollars, as a decimal number in a string.",
            "type": "string",
            "pattern": r"^[0-9]+\.[0-9]{2,12}$",
        })
    }
}

/// What has been used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Usage {
    /// Tokens, by direction and kind.
    pub tokens: Tokens,
    /// What they cost at list prices; none where a price is unknown.
    pub cost: Option<Money>,
    /// How long calls were open.
    #[serde(rename = "timeMs", with = "crate::sonic::millis")]
    pub time: Duration,
}

impl Usage {
    /// States what was used.
    #[must_use]
    pub fn new(tokens: Tokens, cost: Option<Money>, time: Duration) -> Self {
        Usage { tokens, cost, time }
    }
}

/// How much may be used, by a call or by an owner's calls together. The default allows everything.
///
/// At a soft bound the application is told, once for each; at a hard one the call ends in order, for
/// [`CloseReason::Budget`](crate::sonic::CloseReason::Budget). What an answer costs is known when it has been given, so
/// that a call can end somewhat beyond its bound.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Budget {
    /// Tokens of all kinds together.
    pub tokens: Bounds<u64>,
    /// Cost at list prices; refused for a model whose prices are unknown.
    pub cost: Bounds<Money>,
    /// How long a call is open; for an owner, of all calls together.
    pub time: Bounds<Duration>,
    /// What the assistant is told before a hard bound ends the call, so that it can say goodbye: an instruction that
    /// nobody sees. Not for models that only speech makes speak (reference §6.4): their call ends without.
    pub farewell: Option<String>,
}

/// A bound that is told of, and one that ends the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds<T> {
    /// Told of when it is reached.
    #[serde(default)]
    pub soft: Option<T>,
    /// Ends the call when it is reached.
    #[serde(default)]
    pub hard: Option<T>,
}

/// Whose budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BudgetScope {
    /// The call's own.
    Call,
    /// The one of all calls of the call's owner together.
    Owner,
}

/// What of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BudgetMeasure {
    /// Tokens of all kinds together.
    Tokens,
    /// Cost at list prices.
    Cost,
    /// How long calls are open.
    Time,
}

/// How serious it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BudgetLevel {
    /// The application is told.
    Soft,
    /// The call ends.
    Hard,
}

impl<T> Bounds<T> {
    /// Bounds nothing.
    #[must_use]
    pub const fn none() -> Self {
        Bounds { soft: None, hard: None }
    }

    /// Tells of one amount and ends at another.
    #[must_use]
    pub const fn new(soft: T, hard: T) -> Self {
        Bounds { soft: Some(soft), hard: Some(hard) }
    }

    /// Ends at an amount, untold before.
    #[must_use]
    pub const fn hard(hard: T) -> Self {
        Bounds { soft: None, hard: Some(hard) }
    }
}

impl<T: PartialOrd> Bounds<T> {
    /// Returns the highest level that an amount reaches.
    pub(crate) fn reached(&self, amount: &T) -> Option<BudgetLevel> {
        let at = |bound: &Option<T>| bound.as_ref().is_some_and(|bound| amount >= bound);
        match (at(&self.hard), at(&self.soft)) {
            (true, _) => Some(BudgetLevel::Hard),
            (false, true) => Some(BudgetLevel::Soft),
            (false, false) => None,
        }
    }

    fn is_in_order(&self) -> bool {
        !matches!((&self.soft, &self.hard), (Some(soft), Some(hard)) if soft > hard)
    }

    fn is_none(&self) -> bool {
        self.soft.is_none() && self.hard.is_none()
    }
}

impl Budget {
    /// Checks that the budget can be kept with a model.
    ///
    /// # Errors
    /// `Invalid`, code `budget`: a soft bound beyond its hard one, or a bound on cost where no price is known.
    pub fn check(&self, model: &Model) -> Result<()> {
        let wrong = |sentence: String| Err(Error::new(ErrorKind::Invalid, sentence).with_code("budget"));
        let in_order = [self.tokens.is_in_order(), self.cost.is_in_order(), self.time.is_in_order()];
        if in_order.contains(&false) {
            return wrong("A soft bound of the budget is beyond its hard one: it would never be told of.".to_owned());
        }
        let prices = model.prices();
        let known = [prices.speech_in, prices.text_in, prices.speech_out, prices.text_out];
        if !self.cost.is_none() && known.contains(&None) {
            return wrong(format!("No prices of {} are known: a bound on its cost cannot be kept.", model.id()));
        }
        Ok(())
    }

    /// Returns each measure that a use reaches a bound of, with the highest level reached.
    pub(crate) fn reached(&self, usage: &Usage) -> impl Iterator<Item = (BudgetMeasure, BudgetLevel)> + use<> {
        let Tokens { speech_in, text_in, speech_out, text_out } = usage.tokens;
        let tokens = [speech_in, text_in, speech_out, text_out].into_iter().fold(0, u64::saturating_add);
        let reached = [
            (BudgetMeasure::Tokens, self.tokens.reached(&tokens)),
            (BudgetMeasure::Cost, usage.cost.and_then(|cost| self.cost.reached(&cost))),
            (BudgetMeasure::Time, self.time.reached(&usage.time)),
        ];
        reached.into_iter().filter_map(|(measure, level)| Some((measure, level?)))
    }
}

// What the assistant is told stays out of logs.
impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("tokens", &self.tokens)
            .field("cost", &self.cost)
            .field("time", &self.time)
            .field("farewell_bytes", &self.farewell.as_ref().map(String::len))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::model::{Catalogue, ModelId};

    #[test]
    fn money_is_exact_and_reads_what_it_writes() {
        for (pico, text) in [
            (0, "0.00"),
            (1, "0.000000000001"),
            (PICO / 4, "0.25"),
            (12 * PICO + 340_000_000_000, "12.34"),
            (3_000_001, "0.000003000001"),
        ] {
            assert_eq!(Money::from_pico_dollars(pico).to_string(), text);
            assert_eq!(text.parse::<Money>().unwrap().pico_dollars(), pico);
        }
        assert_eq!("7".parse::<Money>().unwrap(), Money::from_cents(700));
        for wrong in ["", ".", "1.", ".5", "-1", "1e3", "0.0000000000001", "1,5", &"9".repeat(60)] {
            assert_eq!(wrong.parse::<Money>().unwrap_err().code(), "money", "{wrong}");
        }
    }

    #[test]
    fn an_unknown_price_makes_the_cost_unknown_and_only_where_it_is_needed() {
        let prices = |id: &str| Catalogue::built_in().model(&id.into()).prices();
        let tokens = Tokens { speech_in: 1_000, text_in: 7, speech_out: 500, text_out: 3 };
        // 1,000 × 3,000,000 + 7 × 330,000 + 500 × 12,000,000 + 3 × 2,750,000, by hand.
        let by_hand = Money::from_pico_dollars(9_010_560_000);
        assert_eq!(Money::cost(tokens, prices(ModelId::NOVA_2_SONIC)), Some(by_hand));
        assert_eq!(Money::cost(tokens, prices(ModelId::NOVA_SONIC)), None);
        assert_eq!(Money::cost(Tokens::default(), prices(ModelId::NOVA_SONIC)), Some(Money::default()));
    }

    #[test]
    fn a_budget_that_cannot_be_kept_is_refused() {
        let model = |id: &str| Catalogue::built_in().model(&id.into());
        let money = Budget { cost: Bounds::hard(Money::from_cents(50)), ..Budget::default() };
        assert!(money.check(&model(ModelId::NOVA_2_SONIC)).is_ok());
        assert_eq!(money.check(&model(ModelId::NOVA_SONIC)).unwrap_err().code(), "budget");
        let crossed = Budget { tokens: Bounds::new(20, 10), ..Budget::default() };
        assert_eq!(crossed.check(&model(ModelId::NOVA_2_SONIC)).unwrap_err().code(), "budget");
    }
}
