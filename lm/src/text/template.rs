//! Chat templates, which render a conversation as the text that a model was trained on.

use std::collections::BTreeMap;

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind, context};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::text::date::Date;
use crate::text::python;

/// The largest number of instructions that a template may execute: real ones need a few thousand.
const FUEL: u64 = 2_000_000;
/// The largest template, in bytes.
const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// The role of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Sets the rules.
    System,
    /// Asks.
    User,
    /// The model.
    Assistant,
    /// The reply of a function that the model called.
    Tool,
}

/// A function call by the model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionCall {
    /// The function.
    pub name: String,
    /// Its arguments, as an object.
    pub arguments: Json,
}

/// One message of a conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// The role of its author.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The function calls that the model made with it.
    pub calls: Vec<FunctionCall>,
}

impl Message {
    /// A message with this text.
    pub fn new(role: Role, content: impl Into<String>) -> Message {
        Message { role, content: content.into(), calls: Vec::new() }
    }

    /// The message as templates expect it.
    fn value(&self) -> Value {
        let role = match self.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        };
        if self.calls.is_empty() {
            return context! { role => role, content => self.content };
        }
        let call = |call: &FunctionCall| context! { type => "function", function => Value::from_serialize(call) };
        let calls: Vec<Value> = self.calls.iter().map(call).collect();
        context! { role => role, content => self.content, tool_calls => calls }
    }
}

/// A conversation, with further values for the template.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Chat {
    /// The messages.
    pub messages: Vec<Message>,
    /// The date for `strftime_now`. If `None`, templates do not find this function, and most use a date of their own.
    pub date: Option<Date>,
    /// Further values by name, such as `enable_thinking` or `tools`.
    pub values: BTreeMap<String, Json>,
}

impl From<&[Message]> for Chat {
    fn from(messages: &[Message]) -> Chat {
        Chat { messages: messages.to_vec(), ..Chat::default() }
    }
}

/// The template is invalid, or refuses the conversation.
#[derive(Debug, thiserror::Error)]
#[error("the model's chat template: {0}")]
pub struct TemplateError(String);

/// A chat template.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    begin: String,
    end: String,
}

impl Template {
    /// The template of a model, with the names of its begin-of-text and end-of-text tokens. Syntax errors appear only
    /// when it is rendered: a model with an invalid template can still read plain text.
    pub fn new(source: &str, begin: &str, end: &str) -> Template {
        Template { source: source.into(), begin: begin.into(), end: end.into() }
    }

    /// Whether the text depends on the date.
    pub fn asks_for_the_day(&self) -> bool {
        self.source.contains("strftime_now")
    }

    /// Whether the source contains a text, such as the name of a value.
    pub fn mentions(&self, text: &str) -> bool {
        self.source.contains(text)
    }

    /// Renders a conversation, up to where the model's next turn begins.
    pub fn render(&self, messages: &[Message]) -> Result<String, TemplateError> {
        self.render_chat(&Chat::from(messages))
    }

    /// Renders a conversation, with further values for the template.
    pub fn render_chat(&self, chat: &Chat) -> Result<String, TemplateError> {
        let turns: Vec<Value> = chat.messages.iter().map(Message::value).collect();
        if self.source.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateError(format!("{} bytes, more than {TEMPLATE_BYTES_MAX}", self.source.len())));
        }
        let values = context! {
            ..Value::from_serialize(&chat.values),
            ..context! {
                messages => turns, add_generation_prompt => true, bos_token => self.begin, eos_token => self.end,
                tools => (), documents => (),
            }
        };
        let environment = environment(chat.date);
        // As in the Python library: all line ends become the same.
        let source = without_training_marks(&self.source.replace("\r\n", "\n").replace('\r', "\n"));
        let rendered = environment.template_from_str(&source).and_then(|template| template.render(values));
        rendered.map_err(|error| TemplateError(error.to_string()))
    }
}

/// The source with blocks that only mark training data replaced by neutral ones; whitespace around them is trimmed or
/// kept as the mark says.
fn without_training_marks(source: &str) -> String {
    let mut plain = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = rest.find("%}") else { break };
        let inside = &rest[2..end];
        let word = inside.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
        match word {
            "generation" => plain.push_str(&format!("{{%{}%}}", inside.replacen(word, " if true ", 1))),
            "endgeneration" => plain.push_str(&format!("{{%{}%}}", inside.replacen(word, " endif ", 1))),
            _ => plain.push_str(&rest[..end + 2]),
        }
        rest = &rest[end + 2..];
    }
    plain + rest
}

/// The environment that templates expect: Python's methods of strings and lists, its formatting of values, the date,
/// and a function to raise an error.
fn environment(date: Option<Date>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.set_formatter(|out, _, value| Ok(out.write_str(&python::printed(value))?));
    environment.add_filter("tojson", |value: Value, options: Kwargs| python::to_json(&value, &options));
    environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    if let Some(date) = date {
        environment.add_function("strftime_now", move |format: String| date.format(&format));
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + \
        message['content'].strip() + '<|im_end|>' + '\n' }}{% endfor %}\
        {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    fn said(role: Role, content: &str) -> Message {
        Message::new(role, content)
    }

    fn rendered(source: &str) -> Result<String, String> {
        let chat = Chat {
            messages: vec![said(Role::System, "Be <brief>."), said(Role::User, "Hi?")],
            date: Date::parse("2024-07-26"),
            values: BTreeMap::from([("enable_thinking".into(), Json::Bool(false))]),
        };
        Template::new(source, "B", "E").render_chat(&chat).map_err(|error| error.to_string())
    }

    #[test]
    fn templates_find_functions_calls_and_what_came_of_them() {
        let source = "{% for tool in tools %}{{ tool.function.name }};{% endfor %}{% for message in messages %}\
            [{{ message.role }}]{{ message.content }}{% for call in message.tool_calls %}<tool_call>\
            {{ call.function.name }}{{ call.function.arguments | tojson }}{% endfor %}{% endfor %}";
        let call = FunctionCall { name: "add".into(), arguments: serde_json::json!({ "a": 1 }) };
        let asked = Message { calls: vec![call], ..Message::new(Role::Assistant, "") };
        let tools = serde_json::json!([{ "type": "function", "function": { "name": "add" } }]);
        let chat = Chat {
            messages: vec![said(Role::User, "1?"), asked, said(Role::Tool, "2")],
            values: BTreeMap::from([("tools".into(), tools)]),
            ..Chat::default()
        };
        let text = Template::new(source, "", "").render_chat(&chat).expect("a text");
        assert_eq!(text, "add;[user]1?[assistant]<tool_call>add{\"a\": 1}[tool]2");
    }

    #[test]
    fn turns_are_laid_out_as_the_template_says() {
        let template = Template::new(CHATML, "", "");
        let text = template.render(&[said(Role::System, "Be brief."), said(Role::User, " 1+1? ")]).expect("a text");
        let expected = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n\
            <|im_start|>assistant\n";
        assert_eq!(text, expected);
    }

    /// Expected texts are the output of the reference library for the same templates.
    #[test]
    fn templates_find_what_those_of_models_use() {
        let cases = [
            ("{{ strftime_now('%d %b %Y') }}{% if strftime_now is defined %}!{% endif %}", "26 Jul 2024!"),
            (
                "{% if tools is not none %}T{{ tools|length }}{% endif %}{{ tools is none }}{{ documents is defined }}",
                "TrueTrue",
            ),
            ("{% if enable_thinking is defined and enable_thinking is false %}no{% endif %}", "no"),
            ("{%generation%}x{%endgeneration%}", "x"),
            ("[{%- generation -%} x {%- endgeneration -%}]", "[x]"),
            ("[{%-  generation %}x{%- endgeneration %}]", "[x]"),
            ("{% generation %}\nx\n{% endgeneration %}\n", "x\n"),
            ("a\r\n{% if true %}\r\nb\r\n{% endif %}\r\n", "a\nb\n"),
            (
                "{{ messages|tojson }}",
                "[{\"role\": \"system\", \"content\": \"Be <brief>.\"}, {\"role\": \"user\", \"content\": \"Hi?\"}]",
            ),
            ("{{ {'b': 1, 'a': [1.5, none, true]}|tojson }}", "{\"b\": 1, \"a\": [1.5, null, true]}"),
            ("{{ {'b': 1, 'a': 2}|tojson(sort_keys=True, separators=(',', ':')) }}", "{\"a\":2,\"b\":1}"),
            (
                "{{ {'a': [1, 'é<&\\n']}|tojson(indent=4) }}",
                "{\n    \"a\": [\n        1,\n        \"é<&\\n\"\n    ]\n}",
            ),
            ("{{ 'é'|tojson(ensure_ascii=True) }}{{ []|tojson }}", "\"\\u00e9\"[]"),
            (
                "{{ none }}|{{ true }}|{{ ['a', 1, none] }}|{{ {'a': \"it's\"} }}",
                "None|True|['a', 1, None]|{'a': \"it's\"}",
            ),
            (
                "{% set ns = namespace(s='') %}{% for m in messages %}{% set ns.s = ns.s + m.role %}{% endfor %}{{ ns.s }}",
                "systemuser",
            ),
            ("{% macro f(x, y='q') %}[{{ x }}{{ y }}]{% endmacro %}{{ f('a') }}{{ f('a', y='b') }}", "[aq][ab]"),
            ("{% for m in messages %}{{ m.role }}{% break %}{% endfor %}", "system"),
            ("{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% endfor %}", "user"),
            (
                "{{ messages[1:]|length }}{{ messages[-1]['role'] }}{{ bos_token }}{{ eos_token }}{{ unk_token }}",
                "1userBE",
            ),
        ];
        for (source, expected) in cases {
            assert_eq!(rendered(source), Ok(expected.to_owned()), "{source}");
        }
    }

    #[test]
    fn without_a_day_templates_have_their_own() {
        let source = "{% if strftime_now is defined %}x{% else %}26 Jul 2024{% endif %}";
        assert_eq!(Template::new(source, "", "").render(&[]).expect("a text"), "26 Jul 2024");
    }

    #[test]
    fn a_template_may_refuse() {
        assert!(rendered("{{ raise_exception('no system turn') }}").expect_err("refused").contains("no system turn"));
    }

    #[test]
    fn a_template_that_is_wrong_or_never_ends_is_an_error() {
        assert!(Template::new("{% for %}", "", "").render(&[]).is_err());
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% set c = a + b %}{% endfor %}{% endfor %}";
        let template = Template::new(endless, "", "");
        assert!(template.render(&[]).is_err(), "out of fuel");
        assert!(Template::new(&" ".repeat(TEMPLATE_BYTES_MAX + 1), "", "").render(&[]).is_err());
    }
}
