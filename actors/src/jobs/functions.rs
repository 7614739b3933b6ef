//! Functions that a model may ask the caller to call: their descriptions, the constraint to their schemas, and parsing
//! of calls. They are never called here; the caller does that, and passes the results in another request.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use theoremata_lm::{FunctionCall, Model};

use super::output_format::OutputFormat;

/// Maximal number of calls in an answer.
const MOST_CALLS: usize = 16;
/// Maximal number of functions of a request.
const MOST_FUNCTIONS: usize = 128;
/// Default delimiters of a call, for models without a format of their own.
const CALL: [&str; 2] = ["<tool_call>", "</tool_call>"];

/// A function, as described to a model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its name: letters, digits, `_`, `-` and `.`.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Json,
}

/// Functions, and whether they must be called.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    /// The functions.
    pub list: Vec<Function>,
    /// Which functions must be called.
    #[serde(default)]
    pub choice: Choice,
    /// Whether an answer may contain several calls.
    #[serde(default)]
    pub several: bool,
}

/// Which functions an answer calls.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The model chooses between text and calls.
    #[default]
    Auto,
    /// None: the functions are only described.
    None,
    /// At least one of them.
    Required,
    /// This one.
    Named(String),
}

/// A parsed answer: text and function calls.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answered {
    /// The text outside of calls.
    pub text: String,
    /// The calls, in order.
    pub calls: Vec<FunctionCall>,
}

/// The syntax of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// `<tool_call>` tags around `{"name": …, "arguments": …}`.
    Tagged,
    /// A single call, where the whole answer is `{"name": …, "parameters": …}`.
    Bare,
}

impl Form {
    fn member(self) -> &'static str {
        match self {
            Form::Tagged => "arguments",
            Form::Bare => "parameters",
        }
    }
}

/// The function calling convention of a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calling {
    form: Form,
    /// Whether the model's template describes functions itself.
    by_template: bool,
}

impl Calling {
    /// The convention of a model: that of its template if it supports tools in a known syntax; otherwise functions are
    /// described in the system turn.
    #[must_use]
    pub fn of(model: &Model) -> Calling {
        let mentions = |word: &str| model.template().is_some_and(|template| template.mentions(word));
        let knows = mentions("tools") && mentions("tool_calls");
        let tagged = mentions(CALL[0]);
        let bare = !tagged && (mentions("\"parameters\": ") || mentions("\\\"parameters\\\": "));
        Calling { form: if knows && bare { Form::Bare } else { Form::Tagged }, by_template: knows && (tagged || bare) }
    }

    /// Whether the model's template renders functions, calls and replies itself.
    pub(super) fn is_by_template(self) -> bool {
        self.by_template
    }

    /// The functions in the form that templates expect.
    pub(super) fn told(self, functions: &Functions) -> Json {
        let told = |function: &Function| {
            let Function { name, description, parameters } = function;
            json!({ "type": "function", "function": { "name": name, "description": description, "parameters": parameters } })
        };
        functions.list.iter().map(told).collect()
    }

    /// The description of functions in the system turn, if the template has none.
    pub(super) fn described(self, functions: &Functions) -> String {
        let [begin, end] = CALL;
        let list: String = functions.list.iter().map(|function| format!("{}\n", json!(function))).collect();
        format!(
            "You may call functions. They are:\n{list}To call one, answer with nothing but\n{begin}\n{{\"name\": NAME, \"arguments\": \
             ARGUMENTS}}\n{end}\nwhere ARGUMENTS is an object that fits its parameters."
        )
    }

    /// Earlier calls, in the syntax of the model.
    pub(super) fn written(self, calls: &[FunctionCall]) -> String {
        let [begin, end] = CALL;
        let call = |FunctionCall { name, arguments }: &FunctionCall| {
            format!("{begin}\n{}\n{end}", json!({ "name": name, self.form.member(): arguments }))
        };
        calls.iter().map(call).collect::<Vec<_>>().join("\n")
    }

    /// The constraint that function calls impose on an answer, combined with its other constraint. `Free` if there is
    /// none.
    pub(super) fn shape(self, functions: &Functions, otherwise: &OutputFormat) -> OutputFormat {
        let list: Vec<&Function> = match &functions.choice {
            Choice::None => return otherwise.clone(),
            Choice::Named(name) => functions.list.iter().filter(|function| function.name == *name).collect(),
            Choice::Auto | Choice::Required => functions.list.iter().collect(),
        };
        let call = |function: &&Function| {
            json!({
                "type": "object", "additionalProperties": false, "required": ["name", self.form.member()],
                "properties": { "name": { "const": function.name }, self.form.member(): function.parameters },
            })
        };
        let calls: Vec<Json> = list.iter().map(call).collect();
        let mut object = if let [one] = calls.as_slice() { one.clone() } else { json!({ "anyOf": calls }) };
        // The layout that models were trained on. Flexible whitespace would allow infinite output.
        let layout = json!({ "whitespace_flexible": false, "item_separator": ", ", "key_separator": ": " });
        object["x-guidance"] = layout;
        let more = if functions.several { format!(" (\"\\n\" call){{0,{}}}", MOST_CALLS - 1) } else { String::new() };
        let calls = match self.form {
            Form::Tagged => format!("call{more}\ncall: \"<tool_call>\\n\" object \"\\n</tool_call>\""),
            Form::Bare => "object".to_owned(),
        };
        let (start, text) = match (&functions.choice, otherwise) {
            (Choice::Auto, OutputFormat::JsonSchema(schema)) => ("calls | text", format!("text: %json {schema}\n")),
            // A text that starts like a call is a call. A template may let the model think first.
            (Choice::Auto, _) if self.form == Form::Tagged => {
                ("calls | TEXT", "TEXT: /([^<]|<[^t]|<t[^o]|<to[^o])(.|\\n)*/\n".to_owned())
            }
            (Choice::Auto, _) => ("calls | TEXT", "TEXT: /[^{](.|\\n)*/\n".to_owned()),
            _ => ("calls", String::new()),
        };
        OutputFormat::Grammar(format!("start: {start}\n{text}calls: {calls}\nobject: %json {object}\n"))
    }

    /// Number of leading bytes of an incomplete answer that are certainly text: everything before a call or a possible
    /// beginning of one.
    #[must_use]
    pub fn certain(self, answer: &str) -> usize {
        let said = answer.trim_start();
        if self.form == Form::Bare {
            return if said.is_empty() || said.starts_with('{') { 0 } else { answer.len() };
        }
        let may_begin = |at: &usize| CALL[0].starts_with(&answer[*at..]) || answer[*at..].starts_with(CALL[0]);
        let begin = answer.char_indices().map(|(at, _)| at).find(may_begin).unwrap_or(answer.len());
        // Whitespace before a call is not part of the text.
        answer[..begin].trim_end().len()
    }

    /// Parses the calls in an answer. Malformed calls, and calls of other functions, are text.
    #[must_use]
    pub fn read(self, functions: &Functions, answer: &str) -> Answered {
        let call = |text: &str| {
            let value: Json = serde_json::from_str(text.trim()).ok()?;
            let name = value["name"].as_str().filter(|name| functions.list.iter().any(|known| known.name == **name))?;
            let arguments = value[self.form.member()].clone();
            arguments.is_object().then(|| FunctionCall { name: name.to_owned(), arguments })
        };
        if functions.choice == Choice::None {
            return Answered { text: answer.to_owned(), calls: Vec::new() };
        }
        if self.form == Form::Bare {
            return match call(answer) {
                Some(call) => Answered { text: String::new(), calls: vec![call] },
                None => Answered { text: answer.to_owned(), calls: Vec::new() },
            };
        }
        let [begin, end] = CALL;
        let (mut answered, mut rest) = (Answered::default(), answer);
        while let Some((before, behind)) = rest.split_once(begin) {
            let (inside, after) = behind.split_once(end).unwrap_or((behind, ""));
            let Some(found) = call(inside) else {
                answered.text.push_str(&rest[..before.len() + begin.len()]);
                rest = behind;
                continue;
            };
            answered.text.push_str(before);
            answered.calls.push(found);
            rest = after;
        }
        answered.text.push_str(rest);
        if !answered.calls.is_empty() {
            answered.text.truncate(answered.text.trim_end().len());
        }
        answered
    }
}

impl Functions {
    /// Total size of its texts, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.list.iter().map(|function| json!(function).to_string().len()).sum()
    }

    /// Validates the functions of a request.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let named = |function: &Function| (1..=64).contains(&function.name.len()) && function.name.chars().all(plain);
        if self.list.is_empty() || self.list.len() > MOST_FUNCTIONS {
            return Err("there are 1 to 128 functions");
        }
        if !self.list.iter().all(named) {
            return Err("a function has a name of 1 to 64 letters, digits, `_`, `-` and `.`");
        }
        let mut names: Vec<&str> = self.list.iter().map(|function| function.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("two functions have the same name");
        }
        if !self.list.iter().all(|function| function.parameters.is_object()) {
            return Err("the parameters of a function are a schema");
        }
        match &self.choice {
            Choice::Named(name) if !names.contains(&name.as_str()) => {
                Err("the function that is to be called is not there")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn functions(choice: Choice) -> Functions {
        let function = |name: &str| Function {
            name: name.into(),
            description: String::new(),
            parameters: json!({ "type": "object", "properties": { "q": { "type": "string" } } }),
        };
        Functions { list: vec![function("find"), function("look")], choice, several: true }
    }

    fn call(name: &str, q: &str) -> FunctionCall {
        FunctionCall { name: name.into(), arguments: json!({ "q": q }) }
    }

    #[test]
    fn calls_are_told_from_text() {
        let tagged = Calling { form: Form::Tagged, by_template: false };
        let read = |text: &str| tagged.read(&functions(Choice::Auto), text);
        let written = tagged.written(&[call("find", "a"), call("look", "b")]);
        assert_eq!(read(&written).calls, [call("find", "a"), call("look", "b")]);
        assert_eq!(read(&written).text, "");
        let thought = read(&format!("<think>Hm.</think>\n{}", tagged.written(&[call("look", "c")])));
        assert_eq!((&*thought.text, thought.calls.len()), ("<think>Hm.</think>", 1));
        for text in ["plain", "<tool_call>{\"name\": \"rm\", \"arguments\": {}}</tool_call>", "<tool_call>\n{", "a < b"]
        {
            assert_eq!(read(text), Answered { text: text.to_owned(), calls: Vec::new() });
        }
        let bare = Calling { form: Form::Bare, by_template: true };
        let answer = json!({ "name": "find", "parameters": { "q": "a" } }).to_string();
        assert_eq!(bare.read(&functions(Choice::Auto), &answer).calls, [call("find", "a")]);
        assert_eq!(bare.read(&functions(Choice::None), &answer).text, answer);
        let certain = ["<tool", "", "a <", "a\n<tool_call>x", "a <b ", "a"].map(|text| tagged.certain(text));
        assert_eq!(certain, [0, 0, 1, 1, 4, 1]);
        assert_eq!([bare.certain(" {"), bare.certain("a {")], [0, 3]);
    }

    #[test]
    fn what_is_no_function_is_refused() {
        assert_eq!(functions(Choice::Auto).check(), Ok(()));
        assert!(functions(Choice::Named("rm".into())).check().is_err());
        let mut twice = functions(Choice::Required);
        twice.list[1].name = "find".into();
        assert!(twice.check().is_err());
        twice.list[1].name = "a b".into();
        assert!(twice.check().is_err());
    }
}
