//! A conversation as the text that a model was trained on, by the template in its file.

use minijinja::{Environment, Error, ErrorKind, context};

/// Instructions that a template may take: real ones need some thousands.
const FUEL: u64 = 2_000_000;
/// Bytes of a template.
const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// Who says something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Whoever sets the rules.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Whose turn.
    pub role: Role,
    /// What is said.
    pub content: String,
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

    /// The text of a conversation, up to where the model's next turn begins.
    pub fn render(&self, messages: &[Message]) -> Result<String, TemplateError> {
        let turns: Vec<_> = messages
            .iter()
            .map(|message| {
                let role = match message.role {
                    Role::System => "system",
                    Role::User => "user",
                    Role::Assistant => "assistant",
                };
                context! { role => role, content => message.content }
            })
            .collect();
        let values = context! {
            messages => turns, add_generation_prompt => true, bos_token => self.begin, eos_token => self.end,
        };
        if self.source.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateError(format!("{} bytes, more than {TEMPLATE_BYTES_MAX}", self.source.len())));
        }
        // This tag marks what to train on; it says nothing about the text.
        let mut source = self.source.clone();
        for tag in ["{% generation %}", "{%- generation -%}", "{%- generation %}", "{% generation -%}"] {
            source = source.replace(tag, "").replace(&tag.replace("generation", "endgeneration"), "");
        }
        let environment = environment();
        let rendered = environment.template_from_str(&source).and_then(|template| template.render(values));
        rendered.map_err(|error| TemplateError(error.to_string()))
    }
}

/// What templates expect to find: the methods of Python's texts and lists, and a way to refuse.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + \
        message['content'].strip() + '<|im_end|>' + '\n' }}{% endfor %}\
        {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    fn said(role: Role, content: &str) -> Message {
        Message { role, content: content.into() }
    }

    #[test]
    fn turns_are_laid_out_as_the_template_says() {
        let template = Template::new(CHATML, "", "");
        let text = template.render(&[said(Role::System, "Be brief."), said(Role::User, " 1+1? ")]).expect("a text");
        let expected = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n\
            <|im_start|>assistant\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_marks_text_to_train_on_says_nothing() {
        let template = Template::new("{% generation %}{{ messages[0].content }}{% endgeneration %}", "", "");
        assert_eq!(template.render(&[said(Role::User, "x")]).expect("a text"), "x");
    }

    #[test]
    fn a_template_may_refuse() {
        let template = Template::new("{{ raise_exception('no system turn') }}", "", "");
        assert!(template.render(&[]).expect_err("refused").to_string().contains("no system turn"));
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
