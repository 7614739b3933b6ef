//! The parts of a theory besides its definitions: induction principles, notation, bounds.

use std::sync::Arc;

use crate::calculus::formula::{Formula, Name, PredicateId};
use crate::calculus::sort::Sort;
use crate::calculus::theory::{Bounds, Constructor, Induction, Notation, NotationForm, Predicate, PredicateBounds};

use super::codes;
use super::diagnostic::{Diagnostic, Report, Span, did_you_mean, short};
use super::resolve::Predicates;
use super::syntax::{BoundSyntax, DefinitionSyntax, GeneratedSyntax, Ident, NotationSyntax};

/// A predicate named in a form; its arity is checked if given.
fn predicate(name: &Ident, arity: Option<usize>, predicates: &Predicates, report: &mut Report) -> Option<PredicateId> {
    let shown = short(&name.text);
    let Some(known) = predicates.known.get(&name.text) else {
        let mut diagnostic = Diagnostic::new(codes::UNKNOWN_PREDICATE, format!("there is no predicate `{shown}`"))
            .at(name.span, "not defined");
        diagnostic.help = did_you_mean(&name.text, predicates.known.keys().map(|known| &**known));
        report.push(diagnostic);
        return None;
    };
    if let Some(arity) = arity
        && arity != known.arity
    {
        report.push(
            Diagnostic::new(
                codes::WRONG_ARITY,
                format!("`{shown}` takes {} arguments, but {arity} are given", known.arity),
            )
            .at(name.span, "used here"),
        );
        return None;
    }
    known.sound.then_some(known.id)
}

pub(crate) fn induction(
    generated: &GeneratedSyntax,
    predicates: &mut Predicates,
    report: &mut Report,
) -> Option<Induction> {
    let parameters = &generated.parameters;
    let id = predicate(&generated.structure, Some(parameters.len()), predicates, report)?;
    let sorts = predicates.list[id.index()].sorts.clone();
    let mut fail = |ident: &Ident, message: String| {
        report.push(Diagnostic::new(codes::BAD_GENERATED, message).at(ident.span, "here").help(
            "name the structure with its arguments, the set, then each constructor: a constant as `c`, a \
             function with the sets of its arguments as `f[N]`",
        ));
        None::<usize>
    };
    for (place, parameter) in parameters.iter().enumerate() {
        if parameters[..place].iter().any(|other| other.text == parameter.text) {
            fail(parameter, format!("`{}` stands twice among the arguments", short(&parameter.text)))?;
        }
    }
    let find = |name: &Ident, fail: &mut dyn FnMut(&Ident, String) -> Option<usize>| match parameters
        .iter()
        .position(|parameter| parameter.text == name.text)
    {
        Some(place) => Some(place),
        None => fail(name, format!("`{}` is not an argument of the structure", short(&name.text))),
    };
    let element = |place: usize| match &sorts[place] {
        Sort::Power(parts) if parts.len() == 1 => Some(parts[0].clone()),
        _ => None,
    };
    let set = find(&generated.set, &mut fail)?;
    let Some(generated_element) = element(set) else {
        fail(&generated.set, format!("`{}` is not a set", short(&generated.set.text)))?;
        return None;
    };
    let mut constructors: Vec<Constructor> = Vec::new();
    for (name, sets) in &generated.constructors {
        let shown = short(&name.text);
        let parameter = find(name, &mut fail)?;
        if constructors.iter().any(|known| known.parameter == parameter) {
            fail(name, format!("`{shown}` stands twice among the constructors"))?;
        }
        let mut wanted = Vec::new();
        let mut arguments = Vec::new();
        for argument in sets {
            let place = find(argument, &mut fail)?;
            let Some(element) = element(place) else {
                fail(argument, format!("`{}` is not a set", short(&argument.text)))?;
                return None;
            };
            arguments.push(place);
            wanted.push(element);
        }
        wanted.push(generated_element.clone());
        let wanted = match sets.len() {
            0 => wanted.remove(0),
            1..=Induction::MOST_ARGUMENTS => Sort::Power(wanted),
            _ => {
                fail(
                    name,
                    format!("`{shown}` has {} arguments, but the bound is {}", sets.len(), Induction::MOST_ARGUMENTS),
                )?;
                return None;
            }
        };
        if sorts[parameter] != wanted {
            let is = crate::language::sort_text::sort_text(&sorts[parameter]);
            let wanted = crate::language::sort_text::sort_text(&wanted);
            fail(name, format!("`{shown}` has sort `{is}`, but as a constructor written so it must have `{wanted}`"))?;
        }
        constructors.push(Constructor { parameter, arguments });
    }
    let name = match &generated.label {
        Some(label) => label.as_str().into(),
        None => induction_name(&generated.structure.text),
    };
    Some(Generation { name, structure: id, set, constructors, added_by_reader: false }.state(predicates))
}

/// The statement that the set of a structure is generated; indices refer to the parameters of the structure's
/// definition.
pub(crate) struct Generation {
    pub(crate) name: Arc<str>,
    pub(crate) structure: PredicateId,
    pub(crate) set: usize,
    pub(crate) constructors: Vec<Constructor>,
    pub(crate) added_by_reader: bool,
}

impl Generation {
    /// Adds the generation predicate, and its atom to the definition of the structure.
    pub(crate) fn state(self, predicates: &mut Predicates) -> Induction {
        let mut places = vec![self.set];
        places.extend(self.constructors.iter().map(|constructor| constructor.parameter));
        for set in self.constructors.iter().flat_map(|constructor| &constructor.arguments) {
            if !places.contains(set) {
                places.push(*set);
            }
        }
        let own = |place: &usize| places.iter().position(|known| known == place).expect("entered above");
        let constructors = self
            .constructors
            .iter()
            .map(|known| Constructor {
                parameter: own(&known.parameter),
                arguments: known.arguments.iter().map(own).collect(),
            })
            .collect();
        let sorts = &predicates.list[self.structure.index()].sorts;
        let sorts: Vec<Sort> = places.iter().map(|place| sorts[*place].clone()).collect();
        let names = std::iter::once("generated".to_owned()).chain((2..).map(|number| format!("generated{number}")));
        let mut free = names.filter(|name| !predicates.known.contains_key(&**name));
        let name: Arc<str> = free.next().expect("fewer than 2^32 predicates").into();
        let id = predicates.add(Predicate { name, sorts, definition: None }, true);
        let atom = Formula::atom(id, places.iter().map(|place| Name(*place as u32)));
        if let Some(definition) = &mut predicates.list[self.structure.index()].definition {
            definition.body = Formula::and(definition.body.clone(), atom);
        }
        Induction {
            name: self.name,
            predicate: id,
            structure: self.structure,
            places,
            constructors,
            added_by_reader: self.added_by_reader,
        }
    }
}

/// The name of an induction principle whose author gave none.
pub(crate) fn induction_name(structure: &str) -> Arc<str> {
    format!("induction on {structure}").into()
}

pub(crate) fn notation(
    written: &NotationSyntax,
    theory: &DefinitionSyntax,
    predicates: &Predicates,
    report: &mut Report,
) -> Option<Notation> {
    let id = predicate(&written.predicate, Some(written.arguments.len()), predicates, report)?;
    let is_parameter = |name: &Ident| theory.parameters.iter().any(|parameter| parameter.text == name.text);
    let mut fail = |span: Span, message: String| {
        report.push(Diagnostic::new(codes::BAD_NOTATION, message).at(span, "here").help(
            "arguments that are parameters of the theory are fixed, `(value z)` names one of the others, and \
             the symbol joins what is left: two for infix, one for postfix",
        ));
    };
    let value = match &written.value {
        None => None,
        Some(name) => match written.arguments.iter().position(|argument| argument.text == name.text) {
            Some(place) if !is_parameter(name) => Some(place),
            _ => {
                fail(name.span, format!("`{}` is not a variable of the atom", short(&name.text)));
                return None;
            }
        },
    };
    let operands: Vec<&Ident> = written
        .arguments
        .iter()
        .enumerate()
        .filter(|(place, argument)| Some(*place) != value && !is_parameter(argument))
        .map(|(_, argument)| argument)
        .collect();
    for (place, argument) in written.arguments.iter().enumerate() {
        if !is_parameter(argument) && written.arguments[..place].iter().any(|other| other.text == argument.text) {
            fail(argument.span, format!("`{}` stands twice in the atom", short(&argument.text)));
            return None;
        }
    }
    let (fits, wanted) = match &written.form {
        NotationForm::Infix { .. } => (operands.len() == 2, "two"),
        NotationForm::Prefix { .. } => (!operands.is_empty(), "at least one"),
        NotationForm::Postfix { .. } => (operands.len() == 1, "one"),
    };
    if !fits {
        fail(written.span, format!("{wanted} operands are needed, but the atom leaves {}", operands.len()));
        return None;
    }
    Some(Notation {
        predicate: id,
        arguments: written.arguments.iter().map(|argument| argument.text.clone()).collect(),
        value,
        form: written.form.clone(),
    })
}

/// Transfers a notation of an imported theory to `theory`, if its parameters have the same names here under one of the
/// applications at `places`, and `known` has no notation for the same atoms.
pub(crate) fn carried(
    notation: Notation,
    from: &DefinitionSyntax,
    theory: &DefinitionSyntax,
    places: &[Vec<usize>],
    known: &[Notation],
) -> Option<Notation> {
    let place_in = |of: &DefinitionSyntax, name: &Arc<str>| of.parameters.iter().position(|one| one.text == *name);
    let fixed: Vec<&Arc<str>> =
        notation.arguments.iter().filter(|argument| place_in(from, argument).is_some()).collect();
    let keeps = |application: &Vec<usize>| {
        fixed
            .iter()
            .all(|name| place_in(from, name).is_some_and(|place| place_in(theory, name) == Some(application[place])))
    };
    if !places.iter().any(keeps) {
        return None;
    }
    // A wildcard must not be captured by a parameter of this theory.
    let free = |argument: &Arc<str>| {
        let mut name = argument.clone();
        while place_in(from, argument).is_none() && place_in(theory, &name).is_some() {
            name = format!("{name}'").into();
        }
        name
    };
    let arguments: Vec<Arc<str>> = notation.arguments.iter().map(free).collect();
    let pattern = |arguments: &[Arc<str>]| -> Vec<Option<usize>> {
        arguments.iter().map(|argument| place_in(theory, argument)).collect()
    };
    let shown = |one: &Notation| one.predicate == notation.predicate && pattern(&one.arguments) == pattern(&arguments);
    (!known.iter().any(shown)).then_some(Notation { arguments, ..notation })
}

pub(crate) fn set_bounds(entries: &[BoundSyntax], bounds: &mut Bounds, predicates: &Predicates, report: &mut Report) {
    for entry in entries {
        match entry {
            BoundSyntax::Atoms(atoms) => bounds.atoms = *atoms,
            BoundSyntax::AtomsWithConstant(atoms) => bounds.atoms_with_constant = *atoms,
            BoundSyntax::Variables(variables) => bounds.variables = *variables,
            BoundSyntax::Predicate { name, count, atoms } => {
                let Some(predicate) = predicate(name, None, predicates, report) else { continue };
                let (min_atoms, max_atoms) = atoms.unwrap_or((1, usize::MAX));
                let count = count.unwrap_or(usize::MAX);
                bounds.predicates.push(PredicateBounds { predicate, count, min_atoms, max_atoms });
            }
        }
    }
}
