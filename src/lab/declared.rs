//! How an API declares its parameters: plain constant data, read by the verifiers of Proxmox VE and Proxmox Backup
//! Server, each in its own words.

/// The JSON type that a parameter is checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `string`
    Text,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `boolean`: `1` or `0` in a request, more words inside property strings
    Boolean,
    /// `array` of strings: a repeated form key or a JSON array
    List,
}

impl Kind {
    /// The name that a failed type check quotes.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::List => "array",
        }
    }
}

/// What the text of a parameter must look like beyond its type.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    /// Anything.
    Free,
    /// A registered format such as `pve-vmid`; `-list` and `-opt` endings as Proxmox understands them.
    Named(&'static str),
    /// A property string: `key=value` pairs separated by commas.
    Properties(&'static [&'static [Param]]),
}

/// One declared parameter, or one key of a property string.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name; that of an indexed parameter (`net`, with [`Param::count`]) has no number.
    pub name: &'static str,
    /// How many there are of an indexed parameter (`net0` to `net31`: 32); 0 for an ordinary one.
    pub count: u16,
    /// Type.
    pub kind: Kind,
    /// Whether it may be left out.
    pub optional: bool,
    /// Format of its text.
    pub format: Format,
    /// Regular expression that the whole text must match.
    pub pattern: Option<&'static str>,
    /// The allowed values, when there is a closed list.
    pub one_of: &'static [&'static str],
    /// Further allowed values: this name with a number below that one.
    pub or_numbered: Option<(&'static str, u16)>,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// Fewest characters.
    pub min_length: Option<usize>,
    /// Most characters.
    pub max_length: Option<usize>,
    /// Another parameter that must be there when this one is.
    pub requires: Option<&'static str>,
    /// In a property string: the key for a value without one.
    pub default_key: bool,
    /// In a property string: this key stands for another one.
    pub alias: Option<&'static str>,
    /// In a property string: an alias that is itself the value of this other key (`virtio=MAC` sets `model`).
    pub key_alias: Option<&'static str>,
}

const fn param(name: &'static str, kind: Kind) -> Param {
    Param {
        name,
        count: 0,
        kind,
        optional: true,
        format: Format::Free,
        pattern: None,
        one_of: &[],
        or_numbered: None,
        min: None,
        max: None,
        min_length: None,
        max_length: None,
        requires: None,
        default_key: false,
        alias: None,
        key_alias: None,
    }
}

/// An optional text.
pub const fn text(name: &'static str) -> Param {
    param(name, Kind::Text)
}

/// An optional whole number.
pub const fn integer(name: &'static str) -> Param {
    param(name, Kind::Integer)
}

/// An optional number.
pub const fn number(name: &'static str) -> Param {
    param(name, Kind::Number)
}

/// An optional boolean.
pub const fn flag(name: &'static str) -> Param {
    param(name, Kind::Boolean)
}

/// An optional array of texts.
pub const fn list(name: &'static str) -> Param {
    param(name, Kind::List)
}

/// A key of a property string that stands for another one.
pub const fn alias(name: &'static str, of: &'static str) -> Param {
    Param { alias: Some(of), ..param(name, Kind::Text) }
}

impl Param {
    /// Must be given.
    pub const fn required(self) -> Param {
        Param { optional: false, ..self }
    }

    /// Has a registered format.
    pub const fn format(self, name: &'static str) -> Param {
        Param { format: Format::Named(name), ..self }
    }

    /// Is a property string with these keys.
    pub const fn of(self, keys: &'static [&'static [Param]]) -> Param {
        Param { format: Format::Properties(keys), ..self }
    }

    /// Must match this regular expression as a whole.
    pub const fn matching(self, pattern: &'static str) -> Param {
        Param { pattern: Some(pattern), ..self }
    }

    /// Has one of these values.
    pub const fn one_of(self, values: &'static [&'static str]) -> Param {
        Param { one_of: values, ..self }
    }

    /// Has one of the values of [`Param::one_of`], or this name with a number below `count`.
    pub const fn or_numbered(self, name: &'static str, count: u16) -> Param {
        Param { or_numbered: Some((name, count)), ..self }
    }

    /// All values of a closed list, in the order in which Proxmox names them; empty when everything is allowed.
    pub fn allowed_values(&self) -> Vec<String> {
        let numbered = self.or_numbered.map(|(name, count)| (0..count).map(move |number| format!("{name}{number}")));
        let listed = self.one_of.iter().map(|value| (*value).to_owned());
        listed.chain(numbered.into_iter().flatten()).collect()
    }

    /// Is not smaller.
    pub const fn min(self, min: f64) -> Param {
        Param { min: Some(min), ..self }
    }

    /// Is not larger.
    pub const fn max(self, max: f64) -> Param {
        Param { max: Some(max), ..self }
    }

    /// Is within these bounds.
    pub const fn range(self, min: f64, max: f64) -> Param {
        self.min(min).max(max)
    }

    /// Has at least so many characters.
    pub const fn min_length(self, characters: usize) -> Param {
        Param { min_length: Some(characters), ..self }
    }

    /// Has at most so many characters.
    pub const fn max_length(self, characters: usize) -> Param {
        Param { max_length: Some(characters), ..self }
    }

    /// Is useless without another parameter.
    pub const fn requires(self, other: &'static str) -> Param {
        Param { requires: Some(other), ..self }
    }

    /// Exists so many times, numbered from 0.
    pub const fn times(self, count: u16) -> Param {
        Param { count, ..self }
    }

    /// Is the key of a value without one.
    pub const fn default_key(self) -> Param {
        Param { default_key: true, ..self }
    }

    /// Sets this other key to its own name.
    pub const fn naming(self, key: &'static str) -> Param {
        Param { key_alias: Some(key), ..self }
    }

    /// Whether this declares the parameter of that name (`net` with a count of 32 declares `net7`).
    pub fn declares(&self, name: &str) -> bool {
        if self.count == 0 {
            return self.name == name;
        }
        name.strip_prefix(self.name).is_some_and(|index| {
            index.parse::<u16>().is_ok_and(|number| number < self.count && number.to_string() == index)
        })
    }
}

/// The HTTP methods that Proxmox knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Verb {
    /// As written on the request line.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Delete => "DELETE",
        }
    }

    /// The verb with this name; names are upper case.
    pub fn parse(name: &str) -> Option<Verb> {
        [Verb::Get, Verb::Post, Verb::Put, Verb::Delete].into_iter().find(|verb| verb.name() == name)
    }

    /// Whether a request with this verb may carry a body.
    pub fn takes_body(self) -> bool {
        matches!(self, Verb::Post | Verb::Put)
    }
}

/// The declaration of a name among groups of parameters.
pub fn declaration(groups: &'static [&'static [Param]], name: &str) -> Option<&'static Param> {
    groups.iter().flat_map(|group| group.iter()).find(|param| param.declares(name))
}

/// What stands in the places of a path template (`/nodes/{node}/tasks`), when these segments fit it. With `swallows`
/// the last place takes the rest of the path, slashes and all.
pub fn fit(template: &'static str, segments: &[&str], swallows: bool) -> Option<Vec<(&'static str, String)>> {
    let places: Vec<&'static str> = template.split('/').filter(|one| !one.is_empty()).collect();
    if segments.len() < places.len() || (segments.len() > places.len() && !swallows) {
        return None;
    }
    let mut uri = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let Some(name) = place.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            if *place != segments[index] {
                return None;
            }
            continue;
        };
        let value = if index + 1 == places.len() { segments[index..].join("/") } else { segments[index].to_owned() };
        uri.push((name, value));
    }
    Some(uri)
}
