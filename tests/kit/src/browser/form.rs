//! A form of the page that is open: filled in as a person does, sent as a browser does.
//!
//! ```text
//! form("#sign-in") ─ fill · choose · check · press ─▶ submit() ─▶ the entries in the page's order ─▶ GET ?… or POST
//!                  ─ tamper: what only a developer's tools can do
//! ```
//!
//! What a person cannot do, fails: fill in a hidden field, a list's value that is not in the list, more than
//! `maxlength`, a form whose `required` fields are empty.

use super::{
    Browser, Page,
    errand::Errand,
    html::{self, Field},
};
use crate::drive::block::block_on;

/// A form that is being filled in. See the [module docs](self).
#[derive(Debug)]
#[must_use = "a form does nothing until it is submitted"]
pub struct Form<'b> {
    browser: &'b mut Browser,
    page: Page,
    filled: html::Form,
    button: Option<usize>,
}

impl<'b> Form<'b> {
    #[track_caller]
    pub(super) fn find(browser: &'b mut Browser, which: &str) -> Self {
        let page = browser.open_page().clone();
        let forms = &page.document().forms;
        let of = |form: &html::Form, name: &str| form.attributes.get(name).cloned().unwrap_or_default();
        let found = match which.strip_prefix('#') {
            Some(id) => forms.iter().find(|form| of(form, "id") == id),
            None => forms.iter().find(|form| of(form, "action") == which || of(form, "name") == which),
        };
        let known = || forms.iter().map(|form| &form.attributes).collect::<Vec<_>>();
        let form =
            found.unwrap_or_else(|| panic!("no form `{which}` at {}: {:?}", page.url(), known())).clone();
        Self { browser, page, filled: form, button: None }
    }

    #[track_caller]
    pub(super) fn nth(browser: &'b mut Browser, nth: usize) -> Self {
        let page = browser.open_page().clone();
        let forms = &page.document().forms;
        let form = forms.get(nth);
        let form = form.unwrap_or_else(|| panic!("{} forms at {}", forms.len(), page.url())).clone();
        Self { browser, page, filled: form, button: None }
    }

    /// Types a text into an input or a text area.
    ///
    /// # Panics
    ///
    /// If there is no such field, or a person could not type that.
    #[track_caller]
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        let field = self.field(name, |field| !field.is_button() && !toggles(field) && field.kind != "select");
        assert!(field.kind != "hidden", "nobody sees the hidden field `{name}`: `tamper` can change it");
        assert!(!field.disabled && !field.has("readonly"), "`{name}` cannot be changed");
        let most = field.attributes.get("maxlength").and_then(|most| most.parse().ok()).unwrap_or(usize::MAX);
        assert!(value.encode_utf16().count() <= most, "`{name}` takes at most {most} characters");
        value.clone_into(&mut field.value);
        if field.kind != "textarea" {
            field.value.retain(|c| c != '\n' && c != '\r');
        }
        self
    }

    /// Chooses one of a list, or of several radio buttons, by its value or by what it says.
    ///
    /// # Panics
    ///
    /// If it is not there to choose.
    #[track_caller]
    pub fn choose(mut self, name: &str, choice: &str) -> Self {
        if self.filled.fields.iter().any(|field| field.kind == "radio" && field.name() == name) {
            return self.toggle(name, Some(choice), true);
        }
        let field = self.field(name, |field| field.kind == "select");
        let multiple = field.has("multiple");
        let is_it =
            |option: &html::Choice| !option.disabled && (option.value == choice || option.label == choice);
        assert!(field.options.iter().any(is_it), "`{name}` offers {:?}", field.options);
        for option in &mut field.options {
            option.selected = is_it(option) || (multiple && option.selected);
        }
        self
    }

    /// Checks a box; of several with one name, `check("name=value")`.
    ///
    /// # Panics
    ///
    /// If there is no such box.
    #[track_caller]
    pub fn check(self, name: &str) -> Self {
        let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
        self.toggle(name, value, true)
    }

    /// Takes the check away.
    ///
    /// # Panics
    ///
    /// If there is no such box.
    #[track_caller]
    pub fn uncheck(self, name: &str) -> Self {
        let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
        self.toggle(name, value, false)
    }

    /// Presses this button rather than the first: by its name, its value or what it says.
    ///
    /// # Panics
    ///
    /// If there is no such button.
    #[track_caller]
    pub fn press(mut self, button: &str) -> Self {
        let is_it = |field: &Field| {
            let says = field.options.first().map(|option| &*option.label);
            field.submits()
                && !field.disabled
                && [Some(field.name()), Some(&*field.value), says].contains(&Some(button))
        };
        let at = self.filled.fields.iter().position(is_it);
        self.button = Some(at.unwrap_or_else(|| panic!("no button `{button}`")));
        self
    }

    /// Sets any field to anything, or adds one: what an attacker does with the developer's tools.
    pub fn tamper(mut self, name: &str, value: &str) -> Self {
        let attributes = [("name".to_owned(), name.to_owned())].into();
        let forged =
            Field { kind: "hidden".to_owned(), attributes, value: value.to_owned(), ..Field::default() };
        let mut same =
            self.filled.fields.iter_mut().filter(|field| field.name() == name && !field.is_button());
        match same.next() {
            Some(field) => *field = forged,
            None => return self.with(forged),
        }
        same.for_each(|field| field.disabled = true);
        self
    }

    /// What would be sent now.
    pub fn entries(&self) -> Vec<(String, String)> {
        let pressed = self.pressed();
        let fields = self.filled.fields.iter().enumerate();
        fields.flat_map(|(at, field)| entries(field, Some(at) == pressed)).collect()
    }

    /// Sends the form, and waits on this thread.
    ///
    /// # Panics
    ///
    /// If a browser would not send it, or as [`Browser::visit`].
    #[track_caller]
    pub fn submit(self) -> Page {
        self.complain();
        block_on(self.submit_async())
    }

    /// Sends the form inside a runtime.
    ///
    /// # Panics
    ///
    /// As [`submit`](Self::submit).
    pub async fn submit_async(self) -> Page {
        self.complain();
        let entries = self.entries();
        let attribute = |name: &str| self.attribute(name);
        let base = self.page.base();
        let action = attribute("action").filter(|action| !action.trim().is_empty());
        let mut url = match action {
            Some(action) => base.join(&action).unwrap_or_else(|e| panic!("`{action}` is no address: {e}")),
            None => self.page.0.url.clone(),
        };
        url.set_fragment(None);
        let method = attribute("method").unwrap_or_default().to_ascii_lowercase();
        let errand = if method == "post" {
            Errand::of(&self.page, url).with_form(entries)
        } else {
            assert!(method != "dialog", "a form that closes a dialog is not modelled");
            url.query_pairs_mut().clear().extend_pairs(entries);
            Errand::of(&self.page, url)
        };
        self.browser.navigate(errand).await
    }

    fn with(mut self, field: Field) -> Self {
        self.filled.fields.push(field);
        self
    }

    /// Why a browser would not send it.
    #[track_caller]
    fn complain(&self) {
        let kind = self.attribute("enctype").unwrap_or_default().to_ascii_lowercase();
        assert!(
            kind.is_empty()
                || kind == "application/x-www-form-urlencoded"
                || self.attribute("method").is_none(),
            "`{kind}` is not modelled"
        );
        let button = self.pressed().map(|at| &self.filled.fields[at]);
        if self.filled.attributes.contains_key("novalidate")
            || button.is_some_and(|it| it.has("formnovalidate"))
        {
            return;
        }
        let is_missing = |field: &&Field| {
            let radio =
                |other: &Field| other.kind == "radio" && other.name() == field.name() && other.checked;
            field.has("required")
                && !field.disabled
                && field.kind != "hidden"
                && match &*field.kind {
                    "checkbox" => !field.checked,
                    "radio" => !self.filled.fields.iter().any(radio),
                    "select" => {
                        field.options.iter().all(|option| !option.selected || option.value.is_empty())
                    }
                    _ => field.value.is_empty(),
                }
        };
        let missing: Vec<_> = self.filled.fields.iter().filter(is_missing).map(Field::name).collect();
        assert!(missing.is_empty(), "a browser does not send the form: {missing:?} required");
    }

    /// What the pressed button says, or else the form.
    fn attribute(&self, name: &str) -> Option<String> {
        let button = self.pressed().map(|at| &self.filled.fields[at].attributes);
        let own = button.and_then(|button| button.get(&format!("form{name}")));
        own.or_else(|| self.filled.attributes.get(name)).cloned()
    }

    /// The button that was pressed, or the first, which the Enter key presses.
    fn pressed(&self) -> Option<usize> {
        self.button.or_else(|| self.filled.fields.iter().position(|field| field.submits() && !field.disabled))
    }

    #[track_caller]
    fn toggle(mut self, name: &str, value: Option<&str>, on: bool) -> Self {
        let is_it = |field: &Field| {
            toggles(field)
                && !field.disabled
                && field.name() == name
                && value.is_none_or(|value| field.value == value)
        };
        let at = self.filled.fields.iter().position(is_it);
        let at = at.unwrap_or_else(|| {
            panic!("no box `{name}`{}", value.map(|v| format!(" of {v:?}")).unwrap_or_default())
        });
        if self.filled.fields[at].kind == "radio" {
            for field in
                self.filled.fields.iter_mut().filter(|field| field.kind == "radio" && field.name() == name)
            {
                field.checked = false;
            }
        }
        self.filled.fields[at].checked = on;
        self
    }

    #[track_caller]
    fn field(&mut self, name: &str, is_kind: impl Fn(&Field) -> bool) -> &mut Field {
        let known: Vec<_> =
            self.filled.fields.iter().map(|field| (field.name().to_owned(), field.kind.clone())).collect();
        let found = self.filled.fields.iter_mut().find(|field| field.name() == name && is_kind(field));
        found.unwrap_or_else(|| panic!("no field `{name}` of that kind: {known:?}"))
    }
}

fn toggles(field: &Field) -> bool {
    field.kind == "checkbox" || field.kind == "radio"
}

/// HTML §4.10.22.4, one field of it.
fn entries(field: &Field, pressed: bool) -> Vec<(String, String)> {
    let name = field.name();
    if field.disabled || (field.is_button() && !pressed) || (toggles(field) && !field.checked) {
        return Vec::new();
    }
    let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
    match &*field.kind {
        // Where the picture was pressed; the Enter key presses its corner.
        "image" => ["x", "y"].map(|axis| (format!("{prefix}{axis}"), "0".to_owned())).into(),
        _ if name.is_empty() => Vec::new(),
        "select" => {
            let chosen = field.options.iter().filter(|option| option.selected && !option.disabled);
            chosen.map(|option| (lines(name), lines(&option.value))).collect()
        }
        _ => vec![(lines(name), lines(&field.value))],
    }
}

/// Line ends are sent as CR LF.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}
