//! A parser for the subset of Lean 4 that exports use, strict about syntax and scopes.
//!
//! It does not check proofs. It checks that every bracket is closed, every name is in scope, every predicate and
//! theorem has the right number of arguments, and every `have` has a type and a value.

use std::collections::HashMap;

/// A line number and an error.
pub(crate) type Refusal = (usize, String);

/// Parses a whole file; returns the number of theorems.
pub(crate) fn read(text: &str) -> Result<usize, Refusal> {
    let mut reader =
        Reader { tokens: tokens(text)?, at: 0, globals: HashMap::new(), locals: Vec::new(), taken: Vec::new() };
    reader.file()
}

fn tokens(text: &str) -> Result<Vec<(usize, String)>, Refusal> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split("--").next().unwrap_or("");
        let mut rest = line.trim_start();
        while let Some(c) = rest.chars().next() {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
            let length = if is_name(c) || c == '@' {
                1 + rest[1..].find(|c: char| !is_name(c)).unwrap_or(rest.len() - 1)
            } else if let Some(sign) = [":=", "=>"].iter().find(|sign| rest.starts_with(**sign)) {
                sign.len()
            } else if "(){}[]:;,=∀∃∧¬→".contains(c) {
                c.len_utf8()
            } else {
                return Err((number + 1, format!("the character {c}")));
            };
            tokens.push((number + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    Ok(tokens)
}

/// The meaning of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Individual,
    /// A predicate or a property, with its arity.
    Predicate(usize),
    /// A propositional variable.
    Proposition,
    Proof,
    /// A theorem, by the index of its parameter list.
    Theorem(usize),
    /// A type.
    Domain,
    /// A type of sets or relations over this many types.
    Former(usize),
}

/// A parameter of a theorem.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Takes {
    Type,
    Individual,
    /// A hypothesis that has the same name wherever it is in scope.
    Hypothesis,
    /// A hypothesis that any proof can be passed for.
    Proof,
}

const KEYWORDS: [&str; 12] =
    ["fun", "have", "show", "from", "theorem", "def", "class", "where", "end", "in", "match", "Type"];

/// A parser for a part of a term.
type Read = fn(&mut Reader) -> Result<(), Refusal>;

struct Reader {
    tokens: Vec<(usize, String)>,
    at: usize,
    globals: HashMap<String, Kind>,
    locals: Vec<(String, Kind)>,
    taken: Vec<Vec<Takes>>,
}

impl Reader {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", |(_, token)| token)
    }

    fn after(&self, count: usize) -> &str {
        self.tokens.get(self.at + count).map_or("", |(_, token)| token)
    }

    fn refuse<T>(&self, expected: &str) -> Result<T, Refusal> {
        let line = self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |(line, _)| *line);
        Err((line, format!("expected {expected}, found {}", self.peek())))
    }

    fn next(&mut self) -> String {
        self.at += 1;
        self.tokens.get(self.at - 1).map_or(String::new(), |(_, token)| token.clone())
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.peek() == token;
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, token: &str) -> Result<(), Refusal> {
        if self.eat(token) { Ok(()) } else { self.refuse(token) }
    }

    fn needs(&mut self, tokens: &[&str]) -> Result<(), Refusal> {
        tokens.iter().try_for_each(|token| self.need(token))
    }

    /// A newly declared name.
    fn new_name(&mut self) -> Result<String, Refusal> {
        let token = self.peek();
        let good = token.starts_with(|c: char| c.is_ascii_alphabetic()) && !token.contains(['.', '@']);
        if good && !KEYWORDS.contains(&token) { Ok(self.next()) } else { self.refuse("a new name") }
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        let local = self.locals.iter().rev().find(|(known, _)| known == name).map(|(_, kind)| *kind);
        local.or_else(|| self.globals.get(name).copied())
    }

    fn individual(&mut self) -> Result<(), Refusal> {
        if self.kind(self.peek()) == Some(Kind::Individual) {
            self.at += 1;
            return Ok(());
        }
        self.refuse("an individual that is known here")
    }

    fn declare(&mut self, name: String, kind: Kind) -> Result<(), Refusal> {
        if self.globals.insert(name, kind).is_some() {
            self.at -= 1;
            return self.refuse("a name that is not taken");
        }
        Ok(())
    }

    fn file(&mut self) -> Result<usize, Refusal> {
        self.needs(&["set_option", "linter.unusedVariables", "false", "set_option", "maxRecDepth", "100000"])?;
        self.needs(&["namespace", "Theoremata", "class", "Language", "where"])?;
        let mut places = Vec::new();
        while self.after(2) == "Type" {
            let name = self.new_name()?;
            self.need(":")?;
            let mut count = 0;
            while self.after(1) == "→" {
                self.needs(&["Type", "→"])?;
                count += 1;
            }
            self.need("Type")?;
            self.declare(name, Kind::Former(count))?;
            places.push(count);
        }
        // First those that every theory has, then those that occur.
        if !places.starts_with(&[1, 2, 3]) {
            return self.refuse("sorts of sets, relations and relations of three places");
        }
        for count in places.into_iter().map(|places| places + 1) {
            let name = self.new_name()?;
            self.declare(name, Kind::Predicate(count))?;
            self.needs(&[":"])?;
            self.types("{", "}")?;
            for _ in 0..count {
                self.need("→")?;
                self.sort()?;
            }
            self.needs(&["→", "Prop"])?;
            self.locals.clear();
        }
        self.needs(&["open", "Language"])?;
        let mut theorems = 0;
        loop {
            if self.eat("def") {
                self.definition()?;
            } else if self.eat("theorem") {
                // A lemma has a proof as its argument; exported theorems are named t1, t2, ….
                let exported = self.peek().strip_prefix('t').is_some_and(|rest| rest.starts_with(char::is_numeric));
                self.theorem(if exported { Takes::Hypothesis } else { Takes::Proof })?;
                theorems += usize::from(exported);
            } else {
                break;
            }
        }
        self.needs(&["end", "Theoremata"])?;
        if self.at == self.tokens.len() { Ok(theorems) } else { self.refuse("the end of the file") }
    }

    /// `{A B : Type}`
    fn types(&mut self, open: &str, close: &str) -> Result<usize, Refusal> {
        let before = self.locals.len();
        self.need(open)?;
        while self.peek() != ":" {
            let name = self.new_name()?;
            self.locals.push((name, Kind::Domain));
        }
        self.needs(&[":", "Type", close])?;
        Ok(self.locals.len() - before)
    }

    /// A type: `I`, `Power I`, `Power2 I (Power J)`.
    fn sort(&mut self) -> Result<(), Refusal> {
        match self.kind(self.peek()) {
            Some(Kind::Former(count)) => {
                self.at += 1;
                (0..count).try_for_each(|_| self.domain())
            }
            _ => self.domain(),
        }
    }

    /// The first word after the colon of the parenthesised group here.
    fn group(&self) -> &str {
        let mut ahead = 1;
        while !matches!(self.after(ahead), ":" | "") {
            ahead += 1;
        }
        self.after(ahead + 1)
    }

    fn is_sort(&self, word: &str) -> bool {
        matches!(self.kind(word), Some(Kind::Domain | Kind::Former(_)))
    }

    /// The name, types and individuals; a following group in parentheses is a hypothesis.
    fn header(&mut self) -> Result<(String, Vec<Takes>), Refusal> {
        let name = self.new_name()?;
        self.needs(&["[", "Language", "]"])?;
        if self.peek() == "{" {
            self.types("{", "}")?;
        }
        let mut takes = Vec::new();
        while self.peek() == "(" {
            let (kind, count) = if self.group() == "Type" {
                (Takes::Type, self.types("(", ")")?)
            } else if self.is_sort(self.group()) {
                (Takes::Individual, self.individuals()?)
            } else {
                break;
            };
            takes.extend(std::iter::repeat_n(kind, count));
        }
        Ok((name, takes))
    }

    /// `(x y : I)`
    fn individuals(&mut self) -> Result<usize, Refusal> {
        let before = self.locals.len();
        self.need("(")?;
        while self.peek() != ":" {
            let name = self.new_name()?;
            self.locals.push((name, Kind::Individual));
        }
        self.need(":")?;
        self.sort()?;
        self.need(")")?;
        Ok(self.locals.len() - before)
    }

    fn definition(&mut self) -> Result<(), Refusal> {
        let (name, takes) = self.header()?;
        self.needs(&[":", "Prop", ":="])?;
        self.formula()?;
        self.locals.clear();
        self.declare(name, Kind::Predicate(takes.len()))
    }

    fn theorem(&mut self, kind: Takes) -> Result<(), Refusal> {
        let (name, mut takes) = self.header()?;
        while self.eat("(") {
            let hypothesis = self.new_name()?;
            self.need(":")?;
            self.formula()?;
            self.need(")")?;
            self.locals.push((hypothesis, Kind::Proof));
            takes.push(kind);
        }
        self.need(":")?;
        self.formula()?;
        self.need(":=")?;
        self.term()?;
        self.locals.clear();
        self.taken.push(takes);
        self.declare(name, Kind::Theorem(self.taken.len() - 1))
    }

    /// `∀ x y : I, …`, `∃ x : I, …`, `A → B`, or a conjunction.
    fn formula(&mut self) -> Result<(), Refusal> {
        let before = self.locals.len();
        if self.eat("∀") || self.eat("∃") {
            if self.peek() == "(" {
                while self.peek() == "(" {
                    self.individuals()?;
                }
            } else {
                let mut names = vec![self.new_name()?];
                while self.peek() != ":" {
                    names.push(self.new_name()?);
                }
                self.need(":")?;
                let kind = if self.eat("Prop") {
                    Kind::Proposition
                } else if self.eat("Type") {
                    Kind::Domain
                } else {
                    self.sort()?;
                    if self.eat("→") {
                        self.need("Prop")?;
                        Kind::Predicate(1)
                    } else {
                        Kind::Individual
                    }
                };
                self.locals.extend(names.into_iter().map(|name| (name, kind)));
            }
            self.need(",")?;
            self.formula()?;
            self.locals.truncate(before);
            return Ok(());
        }
        self.part()?;
        while self.eat("∧") {
            self.part()?;
        }
        if self.eat("→") { self.formula() } else { Ok(()) }
    }

    /// `¬ A`, `(A)`, `x = y`, `p x y`.
    fn part(&mut self) -> Result<(), Refusal> {
        if self.eat("¬") {
            return self.part();
        }
        if self.eat("(") {
            self.formula()?;
            return self.need(")");
        }
        match self.kind(self.peek()) {
            Some(Kind::Predicate(count)) => {
                self.at += 1;
                (0..count).try_for_each(|_| self.individual())
            }
            Some(Kind::Proposition) => {
                self.at += 1;
                Ok(())
            }
            _ => {
                self.individual()?;
                self.need("=")?;
                self.individual()
            }
        }
    }

    /// A formula as an argument: in parentheses, or `False`.
    fn goal(&mut self) -> Result<(), Refusal> {
        if self.eat("False") {
            return Ok(());
        }
        self.need("(")?;
        self.formula()?;
        self.need(")")
    }

    /// `I (fun (x : I) => A)`, or the property alone.
    fn property(&mut self) -> Result<(), Refusal> {
        self.needs(&["(", "fun"])?;
        let before = self.locals.len();
        self.individuals()?;
        self.need("=>")?;
        self.formula()?;
        self.locals.truncate(before);
        self.need(")")
    }

    fn term(&mut self) -> Result<(), Refusal> {
        let before = self.locals.len();
        if self.eat("have") {
            let name = self.new_name()?;
            self.need(":")?;
            self.formula()?;
            self.need(":=")?;
            self.term()?;
            self.need(";")?;
            self.locals.push((name, Kind::Proof));
            self.term()?;
        } else if self.eat("fun") {
            while self.peek() == "(" {
                if self.is_sort(self.group()) {
                    self.individuals()?;
                } else {
                    self.need("(")?;
                    let name = self.new_name()?;
                    self.need(":")?;
                    self.formula()?;
                    self.need(")")?;
                    self.locals.push((name, Kind::Proof));
                }
            }
            if self.locals.len() == before {
                return self.refuse("variables or hypotheses");
            }
            self.need("=>")?;
            self.term()?;
        } else if self.eat("show") {
            self.formula()?;
            self.need("from")?;
            self.argument()?;
        } else {
            self.application()?;
        }
        self.locals.truncate(before);
        Ok(())
    }

    fn application(&mut self) -> Result<(), Refusal> {
        match self.peek().to_owned().as_str() {
            "And.intro" => self.fixed(&[Self::argument, Self::argument]),
            "And.left" | "And.right" | "Eq.symm" => self.fixed(&[Self::argument]),
            "Eq.refl" => self.fixed(&[Self::individual]),
            "@False.elim" => self.fixed(&[Self::goal, Self::argument]),
            "@Exists.intro" => self.fixed(&[Self::domain, Self::property, Self::individual, Self::argument]),
            "@Exists.elim" => self.fixed(&[Self::domain, Self::property, Self::goal, Self::argument, Self::argument]),
            "@Eq.subst" => self.fixed(&[
                Self::domain,
                Self::property,
                Self::individual,
                Self::individual,
                Self::argument,
                Self::argument,
            ]),
            known if is_classical(known) && self.kind(known) == Some(Kind::Proof) => {
                self.fixed(&[Self::goal, Self::argument])
            }
            name => {
                match self.kind(name) {
                    Some(Kind::Theorem(number)) => {
                        self.at += 1;
                        for takes in self.taken[number].clone() {
                            match takes {
                                Takes::Type => self.domain()?,
                                Takes::Individual => self.individual()?,
                                Takes::Proof => self.argument()?,
                                Takes::Hypothesis if self.kind(self.peek()) == Some(Kind::Proof) => self.at += 1,
                                Takes::Hypothesis => return self.refuse("a hypothesis of the cited theorem"),
                            }
                        }
                    }
                    Some(Kind::Proof) => self.at += 1,
                    _ if name == "(" => self.argument()?,
                    _ => return self.refuse("a proof that is known here"),
                }
                while !matches!(self.peek(), ";" | ")" | "def" | "theorem" | "end" | "") {
                    let type_here = self.is_sort(if self.peek() == "(" { self.after(1) } else { self.peek() });
                    if type_here {
                        self.domain()?;
                    } else if self.kind(self.peek()) == Some(Kind::Individual) {
                        self.at += 1;
                    } else {
                        self.argument()?;
                    }
                }
                Ok(())
            }
        }
    }

    fn fixed(&mut self, parts: &[Read]) -> Result<(), Refusal> {
        self.at += 1;
        parts.iter().try_for_each(|part| part(self))
    }

    /// A type as an argument.
    fn domain(&mut self) -> Result<(), Refusal> {
        if self.kind(self.peek()) == Some(Kind::Domain) {
            self.at += 1;
            return Ok(());
        }
        self.need("(")?;
        self.sort()?;
        self.need(")")
    }

    /// A named proof, a property, or a term in parentheses.
    fn argument(&mut self) -> Result<(), Refusal> {
        if self.kind(self.peek()) == Some(Kind::Proof) {
            self.at += 1;
            return Ok(());
        }
        let start = (self.at, self.locals.len());
        if self.peek() == "(" && self.after(1) == "fun" && self.property().is_ok() {
            return Ok(());
        }
        self.at = start.0;
        self.locals.truncate(start.1);
        self.need("(")?;
        self.term()?;
        self.need(")")
    }
}

/// Double negation elimination as a hypothesis; numbered if another name clashes with it.
fn is_classical(name: &str) -> bool {
    let rest = name.strip_prefix("classical");
    rest.is_some_and(|rest| rest.strip_prefix('_').unwrap_or(rest).bytes().all(|byte| byte.is_ascii_digit()))
}
