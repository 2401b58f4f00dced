//! One statement that puts a verifier through both lists and shows everything that it got wrong at once.
//!
//! ```text
//! judge(token) ──▶ Judgement ◀── Option<code> · bool (accepted) · Result<_, code>
//! ```

use super::{EdgeCase, Hostile, Issuer, Target};

/// What a verifier under test said of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judgement {
    /// It let the token pass.
    Accepted,
    /// It refused, with a reason code if it has such.
    Refused(Option<String>),
}

/// `None` for a token that passed, else the reason code.
impl From<Option<&str>> for Judgement {
    fn from(code: Option<&str>) -> Self {
        code.map_or(Self::Accepted, |code| Self::Refused(Some(code.to_owned())))
    }
}

/// Whether the token passed; of the codes nothing is said.
impl From<bool> for Judgement {
    fn from(accepted: bool) -> Self {
        if accepted { Self::Accepted } else { Self::Refused(None) }
    }
}

/// The reason code of a refusal.
impl<T> From<Result<T, &str>> for Judgement {
    fn from(result: Result<T, &str>) -> Self {
        Self::from(result.err())
    }
}

impl Issuer {
    /// Asserts that the verifier refuses every token of [`hostile`](Self::hostile), with its code where it has codes,
    /// and lets every token of [`edge_but_good`](Self::edge_but_good) pass.
    ///
    /// `judge` returns `None` or `true` for a token that passes: see [`Judgement`].
    ///
    /// # Panics
    ///
    /// If it does not; the message is a table of all that it got wrong.
    ///
    /// ```
    /// use std::panic::catch_unwind;
    ///
    /// use enfilade_test::issuer::Issuer;
    ///
    /// let gullible = catch_unwind(|| Issuer::new().assert_refuses_hostile(|_| true));
    /// assert!(gullible.is_err());
    /// let paranoid = catch_unwind(|| Issuer::new().assert_refuses_hostile(|_| false));
    /// assert!(paranoid.is_err());
    /// ```
    #[track_caller]
    pub fn assert_refuses_hostile<J: Into<Judgement>>(&self, judge: impl FnMut(&str) -> J) {
        self.assert_refuses_hostile_for(&Target::new(), judge);
    }

    /// The same for a verifier that is set up like this.
    ///
    /// # Panics
    ///
    /// As [`assert_refuses_hostile`](Self::assert_refuses_hostile).
    #[track_caller]
    pub fn assert_refuses_hostile_for<J: Into<Judgement>>(
        &self,
        target: &Target,
        mut judge: impl FnMut(&str) -> J,
    ) {
        let (hostile, good) = (self.hostile_for(target), self.edge_but_good_for(target));
        let mut faults: Vec<Row> = Vec::new();
        for token in &hostile {
            faults.extend(hostile_fault(token, &judge(&token.token).into()));
        }
        for token in &good {
            faults.extend(good_fault(token, &judge(&token.token).into()));
        }
        assert!(
            faults.is_empty(),
            "{} of {} tokens were judged wrong:\n{}",
            faults.len(),
            hostile.len() + good.len(),
            table(&faults)
        );
    }
}

/// Name, what was expected, what came, why.
type Row = [String; 4];

fn hostile_fault(token: &Hostile, judged: &Judgement) -> Option<Row> {
    let right = match judged {
        Judgement::Accepted => false,
        Judgement::Refused(None) => true,
        Judgement::Refused(Some(code)) => code == token.code,
    };
    (!right).then(|| [token.name.clone(), token.code.to_owned(), shown(judged), token.why.to_owned()])
}

fn good_fault(token: &EdgeCase, judged: &Judgement) -> Option<Row> {
    let row = || [token.name.to_owned(), "a pass".to_owned(), shown(judged), token.why.to_owned()];
    (*judged != Judgement::Accepted).then(row)
}

fn shown(judged: &Judgement) -> String {
    match judged {
        Judgement::Accepted => "a pass".to_owned(),
        Judgement::Refused(None) => "refused".to_owned(),
        Judgement::Refused(Some(code)) => code.clone(),
    }
}

fn table(faults: &[Row]) -> String {
    let titles = ["token", "expected", "it was", "why"].map(str::to_owned);
    let rows: Vec<&Row> = [&titles].into_iter().chain(faults).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (a, b, c) = (width(0), width(1), width(2));
    let lines: Vec<_> = rows
        .iter()
        .map(|[name, expected, was, why]| format!("  {name:a$}  {expected:b$}  {was:c$}  {why}"))
        .collect();
    lines.join("\n")
}
