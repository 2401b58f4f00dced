//! What a browser needs to know of a page: its forms, its links, its base and its title.
//!
//! ```text
//! HTML ── html5gum's tokens ──▶ Document { title, base, links, forms { fields, buttons } }
//! ```
//!
//! Elements are read as they open and close; no tree is built, so what only a tree mends (a form inside a form, fields
//! that a table throws out) is read as it is written.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, Token, Tokenizer};

/// A page, as far as it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) title: String,
    pub(super) base: Option<String>,
    pub(super) referrer: Option<String>,
    pub(super) links: Vec<Link>,
    pub(super) forms: Vec<Form>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    pub(super) id: String,
    pub(super) href: String,
    pub(super) text: String,
    pub(super) no_referrer: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    pub(super) attributes: Attributes,
    pub(super) fields: Vec<Field>,
}

/// Attributes by their name in small letters.
pub(super) type Attributes = BTreeMap<String, String>;

/// Anything in a form that has a name or can be pressed.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// `textarea`, `select`, `button` or an input's type.
    pub(super) kind: String,
    pub(super) attributes: Attributes,
    /// The value as it is now; for a checkbox what it sends when it is checked.
    pub(super) value: String,
    pub(super) checked: bool,
    pub(super) options: Vec<Choice>,
    pub(super) disabled: bool,
}

/// One `option` of a `select`.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) selected: bool,
    pub(super) disabled: bool,
}

impl Field {
    pub(super) fn name(&self) -> &str {
        self.attributes.get("name").map_or("", String::as_str)
    }

    pub(super) fn has(&self, attribute: &str) -> bool {
        self.attributes.contains_key(attribute)
    }

    pub(super) fn is_button(&self) -> bool {
        matches!(&*self.kind, "submit" | "image" | "button" | "reset")
    }

    pub(super) fn submits(&self) -> bool {
        matches!(&*self.kind, "submit" | "image")
    }
}

impl Document {
    pub(super) fn read(html: &str) -> Self {
        let mut emitter = DefaultEmitter::default();
        // `<textarea><b>` and `<script>` hold text, not elements.
        emitter.naively_switch_states(true);
        let mut reader = Reader::default();
        for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
            match token {
                Token::StartTag(tag) => {
                    let attributes =
                        tag.attributes.iter().map(|(name, value)| (text(name), text(&value.value)));
                    reader.open(&text(&tag.name), attributes.collect());
                }
                Token::EndTag(tag) => reader.close(&text(&tag.name)),
                Token::String(string) => reader.text(&text(&string.value)),
                _ => {}
            }
        }
        reader.finish()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where in the page the reader is.
#[derive(Debug, Default)]
struct Reader {
    document: Document,
    /// Fields and the form that they belong to: by its place, or by an id that may come later.
    fields: Vec<(Owner, Field)>,
    form: Option<usize>,
    /// Where text goes to.
    into: Into,
    /// Open `fieldset`s, and the first of them that is disabled.
    fieldsets: Vec<bool>,
}

#[derive(Debug)]
enum Owner {
    At(usize),
    Id(String),
    Nobody,
}

#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Into {
    #[default]
    Nothing,
    Title,
    Link,
    Field,
    Option,
}

impl Reader {
    fn open(&mut self, tag: &str, attributes: Attributes) {
        let of = |name: &str| attributes.get(name).cloned();
        match tag {
            "title" => self.into = Into::Title,
            "base" if self.document.base.is_none() => self.document.base = of("href"),
            "meta" if of("name").is_some_and(|name| name.eq_ignore_ascii_case("referrer")) => {
                self.document.referrer = of("content");
            }
            "a" | "area" => {
                let Some(href) = of("href") else { return };
                let rel = of("rel").unwrap_or_default().to_ascii_lowercase();
                let no_referrer = rel.split_ascii_whitespace().any(|word| word == "noreferrer");
                let link = Link { id: of("id").unwrap_or_default(), href, text: String::new(), no_referrer };
                self.document.links.push(link);
                self.into = Into::Link;
            }
            "form" if self.form.is_none() => {
                self.form = Some(self.document.forms.len());
                self.document.forms.push(Form { attributes, fields: Vec::new() });
            }
            "fieldset" => self.fieldsets.push(attributes.contains_key("disabled")),
            "input" | "textarea" | "select" | "button" => self.field(tag, attributes),
            "option" => {
                if let Some((_, field)) = self.fields.last_mut() {
                    field.options.push(Choice {
                        value: attributes.get("value").cloned().unwrap_or_else(|| "\0".to_owned()),
                        label: String::new(),
                        selected: attributes.contains_key("selected"),
                        disabled: attributes.contains_key("disabled"),
                    });
                    self.into = Into::Option;
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, tag: &str, attributes: Attributes) {
        let kind = match (tag, attributes.get("type").map(|kind| kind.to_ascii_lowercase())) {
            ("input", Some(kind)) if !kind.is_empty() => kind,
            ("input", _) => "text".to_owned(),
            ("button", Some(kind)) if kind == "button" || kind == "reset" => kind,
            ("button", _) => "submit".to_owned(),
            _ => tag.to_owned(),
        };
        let toggles = kind == "checkbox" || kind == "radio";
        let value = attributes.get("value").cloned();
        let value = value.unwrap_or_else(|| if toggles { "on".to_owned() } else { String::new() });
        let owner = match (attributes.get("form"), self.form) {
            (Some(id), _) => Owner::Id(id.clone()),
            (None, Some(at)) => Owner::At(at),
            (None, None) => Owner::Nobody,
        };
        self.into = match tag {
            "textarea" | "button" => Into::Field,
            _ => Into::Nothing,
        };
        let disabled = attributes.contains_key("disabled") || self.fieldsets.contains(&true);
        let checked = attributes.contains_key("checked");
        self.fields.push((owner, Field { kind, attributes, value, checked, disabled, options: Vec::new() }));
    }

    fn close(&mut self, tag: &str) {
        match tag {
            "form" => self.form = None,
            "fieldset" => {
                self.fieldsets.pop();
            }
            "title" | "a" | "textarea" | "button" | "option" | "select" => self.into = Into::Nothing,
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let field = self.fields.last_mut().map(|(_, field)| field);
        match (self.into, field) {
            (Into::Title, _) => self.document.title.push_str(text),
            (Into::Link, _) => {
                if let Some(link) = self.document.links.last_mut() {
                    link.text.push_str(text);
                }
            }
            (Into::Field, Some(field)) if field.kind == "textarea" => field.value.push_str(text),
            // What stands on a button, to find it by.
            (Into::Field, Some(field)) => {
                field.options.resize(1, Choice::default());
                field.options[0].label.push_str(text);
            }
            (Into::Option, Some(field)) => {
                if let Some(option) = field.options.last_mut() {
                    option.label.push_str(text);
                }
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Document {
        for (owner, mut field) in self.fields {
            tidy(&mut field);
            let forms = &mut self.document.forms;
            let form = match owner {
                Owner::At(at) => forms.get_mut(at),
                Owner::Id(id) => forms.iter_mut().find(|form| form.attributes.get("id") == Some(&id)),
                Owner::Nobody => None,
            };
            if let Some(form) = form {
                form.fields.push(field);
            }
        }
        self.document.title = words(&self.document.title);
        for link in &mut self.document.links {
            link.text = words(&link.text);
        }
        self.document
    }
}

fn tidy(field: &mut Field) {
    for option in &mut field.options {
        option.label = words(&option.label);
        if option.value == "\0" {
            option.value = option.label.clone();
        }
    }
    if field.kind == "textarea" {
        let value = field.value.replace("\r\n", "\n");
        value.strip_prefix('\n').unwrap_or(&value).clone_into(&mut field.value);
    }
    // Of a closed list something is always chosen: the last that says so, or else the first that can be.
    if field.kind == "select" && !field.has("multiple") {
        let last = field.options.iter().rposition(|option| option.selected);
        let chosen = last.or_else(|| field.options.iter().position(|option| !option.disabled));
        for (at, option) in field.options.iter_mut().enumerate() {
            option.selected = Some(at) == chosen;
        }
    }
}

fn words(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
