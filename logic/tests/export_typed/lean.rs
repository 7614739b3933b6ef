//! A reader of the part of Lean 4 that exports use, strict about form and about what is known where.
//!
//! It is no checker of proofs. It says whether every bracket is closed, every name known at its place,
//! every predicate and theorem given as many arguments as it takes, every `have` with a type and a value.

use std::collections::HashMap;

/// What is wrong, and in which line.
pub(crate) type Refusal = (usize, String);

/// Reads a whole file; gives the number of theorems.
pub(crate) fn read(text: &str) -> Result<usize, Refusal> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0, globals: HashMap::new(), locals: Vec::new() };
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

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Individual,
    /// A predicate or a property, with so many places.
    Predicate(usize),
    /// A variable for propositions.
    Proposition,
    Proof,
    /// A theorem with so many parameters and hypotheses.
    Theorem(usize, usize),
    Domain,
}

const KEYWORDS: [&str; 12] =
    ["fun", "have", "show", "from", "theorem", "def", "class", "where", "end", "in", "match", "Type"];

/// How to read a part of a term.
type Read = fn(&mut Reader) -> Result<(), Refusal>;

struct Reader {
    tokens: Vec<(usize, String)>,
    at: usize,
    globals: HashMap<String, Kind>,
    locals: Vec<(String, Kind)>,
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

    /// A name that is being given.
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
        self.needs(&["namespace", "Theoremata", "class", "Language", "(", "I", ":", "Type", ")", "where"])?;
        self.declare("I".into(), Kind::Domain)?;
        for count in [2, 3, 4] {
            let name = self.new_name()?;
            self.declare(name, Kind::Predicate(count))?;
            self.need(":")?;
            for _ in 0..count {
                self.needs(&["I", "→"])?;
            }
            self.need("Prop")?;
        }
        self.needs(&["open", "Language"])?;
        while self.eat("def") {
            self.definition()?;
        }
        let mut theorems = 0;
        while self.eat("theorem") {
            self.theorem()?;
            theorems += 1;
        }
        self.needs(&["end", "Theoremata"])?;
        if self.at == self.tokens.len() { Ok(theorems) } else { self.refuse("the end of the file") }
    }

    fn header(&mut self) -> Result<(String, usize), Refusal> {
        let name = self.new_name()?;
        self.needs(&["{", "I", ":", "Type", "}", "[", "Language", "I", "]"])?;
        let before = self.locals.len();
        // Individuals first: `(x y : I)`; what follows in parentheses is a hypothesis.
        let mut ahead = 1;
        while self.after(ahead) != ":" && self.at + ahead < self.tokens.len() {
            ahead += 1;
        }
        if self.peek() == "(" && self.after(ahead + 1) == "I" && self.after(ahead + 2) == ")" {
            self.individuals()?;
        }
        Ok((name, self.locals.len() - before))
    }

    /// `(x y : I)`
    fn individuals(&mut self) -> Result<(), Refusal> {
        self.need("(")?;
        while self.peek() != ":" {
            let name = self.new_name()?;
            self.locals.push((name, Kind::Individual));
        }
        self.needs(&[":", "I", ")"])
    }

    fn definition(&mut self) -> Result<(), Refusal> {
        let (name, count) = self.header()?;
        self.needs(&[":", "Prop", ":="])?;
        self.formula()?;
        self.locals.clear();
        self.declare(name, Kind::Predicate(count))
    }

    fn theorem(&mut self) -> Result<(), Refusal> {
        let (name, parameters) = self.header()?;
        let mut hypotheses = 0;
        while self.eat("(") {
            let hypothesis = self.new_name()?;
            self.need(":")?;
            self.formula()?;
            self.need(")")?;
            self.locals.push((hypothesis, Kind::Proof));
            hypotheses += 1;
        }
        self.need(":")?;
        self.formula()?;
        self.need(":=")?;
        self.term()?;
        self.locals.clear();
        self.declare(name, Kind::Theorem(parameters, hypotheses))
    }

    /// `∀ x y : I, …`, `∃ x : I, …`, `A → B`, or a conjunction.
    fn formula(&mut self) -> Result<(), Refusal> {
        let before = self.locals.len();
        if self.eat("∀") || self.eat("∃") {
            let mut names = vec![self.new_name()?];
            while self.peek() != ":" {
                names.push(self.new_name()?);
            }
            self.need(":")?;
            let kind = match self.next().as_str() {
                "Prop" => Kind::Proposition,
                "I" if self.eat("→") => {
                    self.need("Prop")?;
                    Kind::Predicate(1)
                }
                "I" => Kind::Individual,
                _ => return self.refuse("I, Prop or I → Prop"),
            };
            self.need(",")?;
            self.locals.extend(names.into_iter().map(|name| (name, kind)));
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
                let mut ahead = 1;
                while self.after(ahead) != ":" && ahead < 1_000 {
                    ahead += 1;
                }
                if self.after(ahead + 1) == "I" && self.after(ahead + 2) == ")" {
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
            "classical" if self.kind("classical") == Some(Kind::Proof) => self.fixed(&[Self::goal, Self::argument]),
            name => {
                match self.kind(name) {
                    Some(Kind::Theorem(parameters, hypotheses)) => {
                        self.at += 1;
                        if self.peek() == "(" && self.after(1) == "I" && self.after(2) == ":=" {
                            self.needs(&["(", "I", ":=", "I", ")"])?;
                        }
                        (0..parameters).try_for_each(|_| self.individual())?;
                        for _ in 0..hypotheses {
                            if self.kind(self.peek()) != Some(Kind::Proof) {
                                return self.refuse("a hypothesis of the cited theorem");
                            }
                            self.at += 1;
                        }
                    }
                    Some(Kind::Proof) => self.at += 1,
                    _ if name == "(" => self.argument()?,
                    _ => return self.refuse("a proof that is known here"),
                }
                while !matches!(self.peek(), ";" | ")" | "theorem" | "end" | "") {
                    if self.kind(self.peek()) == Some(Kind::Individual) {
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

    fn domain(&mut self) -> Result<(), Refusal> {
        self.need("I")
    }

    /// A proof that is known, a property, or a term in parentheses.
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
