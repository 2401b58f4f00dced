//! Who the request is proved to be, as a dict: in `extensions["enfilade.principal"]` and in `state["principal"]`.
//!
//! ```text
//! {"subject": "ada", "issuer": "https://…", "method": "bearer", "scopes": ["orders:read"], "roles": [], "auth_time": 0,
//!  "amr": ["pwd"], "acr": None, "credential_id": None, "expires": 0, "claims": '{"sub": "ada", …}'}
//! anonymous, or no Auth link ─▶ no extension, and None in the state
//! ```
//!
//! Neither place is made from a header field, so no client can write there.

use enfilade_core::Principal;
use pyo3::{
    intern,
    prelude::*,
    types::{PyDict, PyList},
};

pub(super) fn of<'py>(py: Python<'py>, who: Option<&Principal>) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(who) = who.filter(|who| !who.is_anonymous()) else { return Ok(None) };
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
    Ok(Some(dict))
}

fn words<'a, 'py>(py: Python<'py>, words: impl Iterator<Item = &'a str>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for word in words {
        list.append(word)?;
    }
    Ok(list)
}
