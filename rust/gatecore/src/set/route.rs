//! How a pattern is answered, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::pass::{Coverage, Cut};
use crate::pattern::Irregular;

/// How a pattern is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The pass alone says whether it matches.
    Exact,
    /// The pass says where it cannot match; an automaton decides the rest in linear time.
    Candidate,
    /// `re` itself decides; the pass may still spare the call.
    Fallback,
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Route::Exact => "exact",
            Route::Candidate => "candidate",
            Route::Fallback => "fallback",
        })
    }
}

/// A pattern's route, and what it is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// Why only `re` may decide, if so.
    pub irregular: Option<Irregular>,
    /// What the pass knows.
    pub coverage: Coverage,
    /// Why it does not know more, where the engine's limits are the reason.
    pub cut: Option<Cut>,
}

impl Routing {
    /// The route.
    pub fn route(&self) -> Route {
        match (self.coverage, self.irregular) {
            (Coverage::Decides | Coverage::Never | Coverage::Always, _) => Route::Exact,
            (_, None) => Route::Candidate,
            (_, Some(_)) => Route::Fallback,
        }
    }

    /// The reason, as a clause without a full stop.
    pub fn reason(&self) -> String {
        let pass = match self.coverage {
            Coverage::Decides => "the pass finds it as it stands",
            Coverage::Never => "it cannot match any text",
            Coverage::Always => "it matches every text",
            Coverage::Narrows => "the pass looks for something wider",
            Coverage::Blind => "the pass has nothing to look for",
        };
        let mut reason = match self.irregular {
            Some(irregular) if self.route() == Route::Fallback => {
                format!("{}; {pass}", irregular.describe())
            }
            _ => pass.to_owned(),
        };
        if let Some(cut) = self.cut {
            reason += ": ";
            reason += cut.describe();
        }
        reason
    }

    /// What asking costs, as a clause.
    pub fn cost(&self) -> &'static str {
        match (self.route(), self.coverage) {
            (Route::Exact, _) => "constant: a bit of the pass; spans linear",
            (Route::Candidate, Coverage::Blind) => "linear: one automaton run a document",
            (Route::Candidate, _) => "constant if the pass says no, else linear",
            (Route::Fallback, Coverage::Blind) => "that of re, for every document",
            (Route::Fallback, _) => "constant if the pass says no, else that of re",
        }
    }
}
