//! A conversation as the text that a model was trained on, by the template in its file.

use std::collections::BTreeMap;

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind, context};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::text::date::Date;
use crate::text::python;

/// Instructions that a template may take: real ones need some thousands.
const FUEL: u64 = 2_000_000;
/// Bytes of a template.
const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// The speaker of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The one that sets the rules.
    System,
    /// The one that asks.
    User,
    /// The model.
    Assistant,
    /// A function that the model had asked to be called.
    Tool,
}

/// A call of a function that a model asks for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionCall {
    /// The function.
    pub name: String,
    /// Its arguments: an object.
    pub arguments: Json,
}

/// One turn of a conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// Whose turn.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// Calls that the model asked for with it.
    pub calls: Vec<FunctionCall>,
}

impl Message {
    /// A turn in which something is said.
    pub fn new(role: Role, content: impl Into<String>) -> Message {
        Message { role, content: content.into(), calls: Vec::new() }
    }

    /// The turn as templates expect it.
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

/// A conversation with what a template may ask for beside it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Chat {
    /// The turns.
    pub messages: Vec<Message>,
    /// What `strftime_now` writes. Templates find no such function where there is none, and most have a day of their own.
    pub date: Option<Date>,
    /// Further values by name, such as `enable_thinking` or `tools`.
    pub values: BTreeMap<String, Json>,
}

impl From<&[Message]> for Chat {
    fn from(messages: &[Message]) -> Chat {
        Chat { messages: messages.to_vec(), ..Chat::default() }
    }
}

/// The template cannot be read, or refuses the conversation.
#[derive(Debug, thiserror::Error)]
#[error("the model's chat template: {0}")]
pub struct TemplateError(String);

/// A template that can be filled in.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    begin: String,
    end: String,
}

impl Template {
    /// Takes the template of a model and the names of the tokens that begin and end a text. Whether it can be
    /// read is seen when it is filled in: a model whose template is wrong can still read plain text.
    pub fn new(source: &str, begin: &str, end: &str) -> Template {
        Template { source: source.into(), begin: begin.into(), end: end.into() }
    }

    /// Whether the text hangs on the day.
    pub fn asks_for_the_day(&self) -> bool {
        self.source.contains("strftime_now")
    }

    /// Whether something stands in its source, such as the name of a value that it asks for.
    pub fn mentions(&self, text: &str) -> bool {
        self.source.contains(text)
    }

    /// The text of a conversation, up to where the model's next turn begins.
    pub fn render(&self, messages: &[Message]) -> Result<String, TemplateError> {
        self.render_chat(&Chat::from(messages))
    }

    /// The same, with what the template may ask for beside the conversation.
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
        // As the library of Python does: a line ends in one way.
        let source = without_training_marks(&self.source.replace("\r\n", "\n").replace('\r', "\n"));
        let rendered = environment.template_from_str(&source).and_then(|template| template.render(values));
        rendered.map_err(|error| TemplateError(error.to_string()))
    }
}

/// The source with blocks that only mark what to train on turned into ones that say nothing; blanks around them go or
/// stay as the mark says.
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

/// What templates expect to find: the methods of Python's texts and lists, its way to write values, the day, and a way
/// to refuse.
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

    /// What the reference library writes for the same templates.
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
