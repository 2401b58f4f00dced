//! Who the request is proved to be, as a dict: in `extensions["enfilade.principal"]` and in `state["principal"]`.
//!
//! ```text
//! {"subject": "ada", "issuer": "https://…", "method": "bearer", "scopes": ("orders:read",), "roles": (), "auth_time": 0,
//!  "amr": ("pwd",), "acr": None, "credential_id": None, "expires": 0, "claims": '{"sub": "ada", …}'}
//! anonymous, or no Auth link ─▶ no extension, and None in the state
//! ```
//!
//! Neither place is made from a header field, so no client can write there.

use std::{cell::RefCell, rc::Rc};

use enfilade_core::Principal;
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::asgi::places::{PLACES, place};

thread_local! {
    /// By subject and issuer: whoever signs in comes again.
    static KNOWN: RefCell<Vec<Option<Rc<Known>>>> = RefCell::new((0..PLACES).map(|_| None).collect());
}

/// Somebody, told once. No app is given this very dict, which one request could change for another: each has a copy, whose
/// values do not change.
struct Known {
    who: Principal,
    dict: Py<PyDict>,
}

pub(super) fn of<'py>(py: Python<'py>, who: Option<&Principal>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(who) = who.filter(|who| !who.is_anonymous()) else { return Ok(None) };
    let place = place(who.issuer().unwrap_or_default().as_bytes(), who.subject().as_bytes());
    // Python may run an app's finalizers while objects are made or let go of: nothing is borrowed then.
    let kept = KNOWN.with_borrow(|known| known[place].clone());
    if let Some(kept) = kept.filter(|kept| kept.who == *who) {
        return kept.dict.bind(py).copy().map(Some);
    }
    let dict = told(py, who)?;
    let known = Rc::new(Known { who: who.clone(), dict: dict.clone().unbind() });
    let before = KNOWN.with_borrow_mut(|places| places[place].replace(known));
    drop(before);
    dict.copy().map(Some)
}

fn told<'py>(py: Python<'py>, who: &Principal) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item(intern!(py, "subject"), who.subject())?;
    dict.set_item(intern!(py, "issuer"), who.issuer())?;
    dict.set_item(intern!(py, "method"), who.method().as_str())?;
    dict.set_item(intern!(py, "scopes"), words(py, who.scopes())?)?;
    dict.set_item(intern!(py, "roles"), words(py, who.roles())?)?;
    dict.set_item(intern!(py, "auth_time"), who.auth_time())?;
    dict.set_item(intern!(py, "amr"), words(py, who.amr())?)?;
    dict.set_item(intern!(py, "acr"), who.acr())?;
    dict.set_item(intern!(py, "credential_id"), who.credential_id())?;
    dict.set_item(intern!(py, "expires"), who.expires())?;
    dict.set_item(intern!(py, "claims"), who.claims_json())?;
    Ok(dict)
}

fn words<'a, 'py>(py: Python<'py>, words: impl Iterator<Item = &'a str>) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, words.collect::<Vec<_>>())
}
