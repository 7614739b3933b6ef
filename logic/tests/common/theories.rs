//! Theories, built in code.

use std::sync::Arc;

use theoremata_logic::calculus::formula::{Formula, Name, PredicateId};
use theoremata_logic::calculus::sort::Sort;
use theoremata_logic::calculus::theory::{Bounds, Constructor, Definition, Induction, Predicate, Theory};

use super::infer::infer;
use super::read;

/// Builds a theory definition by definition.
pub struct Definer {
    theory: Theory,
}

impl Definer {
    pub fn new(name: &str) -> Definer {
        Definer {
            theory: Theory {
                name: name.into(),
                predicates: Predicate::primitives(),
                anchor: PredicateId::EQUAL,
                inductions: Vec::new(),
                notations: Vec::new(),
                goals: Vec::new(),
                bounds: Bounds::default(),
                uses: Vec::new(),
            },
        }
    }

    /// Adds a definition. Parameters are names; one with `/k` is a relation of arity `k`. The body is the conjunction
    /// of the parts.
    pub fn define(&mut self, name: &str, parameters: &str, parts: &[&str]) -> PredicateId {
        let (names, sorts): (Vec<Arc<str>>, Vec<Sort>) = parameters
            .split_whitespace()
            .map(|parameter| match parameter.split_once('/') {
                Some((name, count)) => {
                    let count = count.parse().expect("a number of places");
                    (name.into(), Sort::Power(vec![Sort::Individual(1); count]))
                }
                None => (parameter.into(), Sort::Individual(1)),
            })
            .unzip();
        let text = conjunction(parts);
        let body = read(&self.theory, &text, &|name| names.iter().position(|known| **known == *name));
        let free: Vec<(Name, Sort)> = (0..).map(Name).zip(sorts.iter().cloned()).collect();
        let body = infer(&self.theory, &body, &free);
        let definition = Some(Definition { parameters: names, body, doc: None, file: "test".into() });
        self.theory.predicates.push(Predicate { name: name.into(), sorts, definition });
        PredicateId(self.theory.predicates.len() as u32 - 1)
    }

    /// States that parameter `set` of `predicate` is generated: each constructor is a parameter and the sets of its
    /// arguments.
    pub fn generated(&mut self, name: &str, predicate: PredicateId, set: usize, constructors: &[(usize, &[usize])]) {
        let mut places = vec![set];
        places.extend(constructors.iter().map(|(parameter, _)| *parameter));
        places.extend(constructors.iter().flat_map(|(_, arguments)| *arguments).filter(|argument| **argument != set));
        let own = |place: &usize| places.iter().position(|known| known == place).expect("entered above");
        let constructors = constructors
            .iter()
            .map(|(parameter, arguments)| Constructor {
                parameter: own(parameter),
                arguments: arguments.iter().map(own).collect(),
            })
            .collect();
        let structure = &self.theory.predicates[predicate.index()];
        let sorts = places.iter().map(|place| structure.sorts[*place].clone()).collect();
        // Definitions keep their index, so the generation predicate comes last.
        let id = PredicateId(self.theory.predicates.len() as u32);
        let shown = match self.theory.inductions.len() {
            0 => "generated".into(),
            others => format!("generated{}", others + 1).into(),
        };
        self.theory.predicates.push(Predicate { name: shown, sorts, definition: None });
        let atom = Formula::atom(id, places.iter().map(|place| Name(*place as u32)));
        let definition = self.theory.predicates[predicate.index()].definition.as_mut().expect("a definition");
        definition.body = Formula::and(definition.body.clone(), atom);
        self.theory.inductions.push(Induction {
            name: name.into(),
            predicate: id,
            structure: predicate,
            places,
            constructors,
            added_by_reader: false,
        });
    }

    /// The theory whose anchor is the last definition.
    pub fn finish(mut self) -> Theory {
        self.theory.anchor = PredicateId(self.theory.predicates.len() as u32 - 1);
        self.theory
    }

    /// Defines total unary and binary functions, part by part: typing, totality, functionality.
    pub fn functions(&mut self) {
        self.define(
            "function",
            "f/2 A/1 B/1",
            &[
                "(>[x,y] (in2[x,y,f]) (& (in[x,A]) (in[y,B])))",
                "(>[x] (in[x,A]) !(>[y] (in[y,B]) !(in2[x,y,f])))",
                "(>[x] (in[x,A]) (>[y,z] (& (in2[x,y,f]) (in2[x,z,f])) (=[y,z])))",
            ],
        );
        self.define(
            "operation",
            "f/3 A/1 B/1 C/1",
            &[
                "(>[x,y,z] (in3[x,y,z,f]) (& (in[x,A]) (& (in[y,B]) (in[z,C]))))",
                "(>[x,y] (& (in[x,A]) (in[y,B])) !(>[z] (in[z,C]) !(in3[x,y,z,f])))",
                "(>[x,y] (& (in[x,A]) (in[y,B])) (>[z,u] (& (in3[x,y,z,f]) (in3[x,y,u,f])) (=[z,u])))",
            ],
        );
    }
}

/// The right-nested conjunction of texts.
pub fn conjunction(parts: &[&str]) -> String {
    match parts {
        [] => panic!("an empty conjunction"),
        [part] => (*part).into(),
        [first, rest @ ..] => format!("(& {first} {})", conjunction(rest)),
    }
}

fn numbers(definer: &mut Definer) {
    definer.functions();
    let numbers = definer.define(
        "Numbers",
        "N/1 0 s/2 +/3 */3",
        &[
            "(in[0,N])",
            "(function[s,N,N])",
            "(>[x] (in[x,N]) !(in2[x,0,s]))",
            "(>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))",
            "(operation[+,N,N,N])",
            "(>[x] (in[x,N]) (in3[x,0,x,+]))",
            "(>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[y,u,s]) (in2[z,v,s])) (in3[x,u,v,+])))",
            "(operation[*,N,N,N])",
            "(>[x] (in[x,N]) (in3[x,0,0,*]))",
            "(>[x,y,z] (in3[x,y,z,*]) (>[u,v] (& (in2[y,u,s]) (in3[z,x,v,+])) (in3[x,u,v,*])))",
        ],
    );
    definer.generated("induction on numbers", numbers, 0, &[(1, &[]), (2, &[0])]);
}

/// Arithmetic with `0`, successor, addition, multiplication and a name for `s(0)`.
pub fn arithmetic() -> Theory {
    let mut definer = Definer::new("arithmetic");
    numbers(&mut definer);
    definer.define("Arithmetic", "N/1 0 s/2 +/3 */3 1", &["(Numbers[N,0,s,+,*])", "(in2[0,1,s])"]);
    definer.finish()
}

/// Arithmetic in which `leq[x,y,N,+]` states that `y` is `x` plus something.
pub fn ordered_arithmetic() -> Theory {
    let mut definer = Definer::new("ordered arithmetic");
    numbers(&mut definer);
    definer.define("leq", "x y N/1 +/3", &["!(>[k] (in[k,N]) !(in3[x,k,y,+]))"]);
    definer.define("Arithmetic", "N/1 0 s/2 +/3 */3 1", &["(Numbers[N,0,s,+,*])", "(in2[0,1,s])"]);
    definer.finish()
}

/// Groups by left identity and left inverse.
pub fn groups() -> Theory {
    let mut definer = Definer::new("groups");
    definer.functions();
    definer.define(
        "Group",
        "G/1 e */3 i/2",
        &[
            "(in[e,G])",
            "(operation[*,G,G,G])",
            "(function[i,G,G])",
            "(>[x,y,z,u,v] (& (in3[x,y,u,*]) (& (in3[u,z,v,*]) (in[z,G]))) (>[w] (in3[y,z,w,*]) (in3[x,w,v,*])))",
            "(>[x] (in[x,G]) (in3[e,x,x,*]))",
            "(>[x,y] (in2[x,y,i]) (in3[y,x,e,*]))",
        ],
    );
    definer.finish()
}

/// A set with an operation of which (x · y) · (y · z) = y.
pub fn central_groupoids() -> Theory {
    let mut definer = Definer::new("central");
    definer.functions();
    definer.define(
        "Central",
        "N/1 */3",
        &["(operation[*,N,N,N])", "(>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[y,z,v,*]) (in3[u,v,y,*])))"],
    );
    definer.finish()
}

/// A law of central groupoids, which needs completion.
pub const OF_CENTRAL_GROUPOIDS: &[(&str, &str)] =
    &[("x · ((x · y) · z) = x · y", "(>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[u,z,v,*]) (in3[x,v,u,*])))")];

/// Binary trees with a function that mirrors them: the constructor has two recursive arguments.
pub fn trees() -> Theory {
    let mut definer = Definer::new("trees");
    definer.functions();
    let trees = definer.define(
        "Trees",
        "T/1 leaf node/3 mirror/2",
        &[
            "(in[leaf,T])",
            "(operation[node,T,T,T])",
            "(function[mirror,T,T])",
            "(in2[leaf,leaf,mirror])",
            "(>[x,y,z] (in3[x,y,z,node]) (>[u,v] (& (in2[x,u,mirror]) (in2[y,v,mirror])) \
             (>[w] (in3[v,u,w,node]) (in2[z,w,mirror]))))",
        ],
    );
    definer.generated("induction on trees", trees, 0, &[(1, &[]), (2, &[0, 0])]);
    definer.define("Forest", "T/1 leaf node/3 mirror/2", &["(Trees[T,leaf,node,mirror])"]);
    definer.finish()
}

/// Lists with entries of another set: the constructor has one argument that is not recursive.
pub fn lists() -> Theory {
    let mut definer = Definer::new("lists");
    definer.functions();
    let lists = definer.define(
        "Lists",
        "A/1 L/1 nil cons/3 join/3",
        &[
            "(in[nil,L])",
            "(operation[cons,A,L,L])",
            "(operation[join,L,L,L])",
            "(>[x] (in[x,L]) (in3[nil,x,x,join]))",
            "(>[a,x,z] (in3[a,x,z,cons]) (>[y,u] (in3[x,y,u,join]) (>[v] (in3[a,u,v,cons]) (in3[z,y,v,join]))))",
        ],
    );
    definer.generated("induction on lists", lists, 1, &[(2, &[]), (3, &[0, 1])]);
    definer.define("Listing", "A/1 L/1 nil cons/3 join/3", &["(Lists[A,L,nil,cons,join])"]);
    definer.finish()
}

/// Trees with labels at their nodes, whose constructor has three arguments, and a relation of five places.
pub fn labelled_trees() -> Theory {
    let mut definer = Definer::new("labelled");
    definer.functions();
    definer.define(
        "ternary",
        "f/4 X/1 Y/1 Z/1 W/1",
        &[
            "(>[x,y,z,w] (in4[x,y,z,w,f]) (& (in[x,X]) (& (in[y,Y]) (& (in[z,Z]) (in[w,W])))))",
            "(>[x,y,z] (& (in[x,X]) (& (in[y,Y]) (in[z,Z]))) !(>[w] (in[w,W]) !(in4[x,y,z,w,f])))",
            "(>[x,y,z] (& (in[x,X]) (& (in[y,Y]) (in[z,Z]))) \
             (>[w,v] (& (in4[x,y,z,w,f]) (in4[x,y,z,v,f])) (=[w,v])))",
        ],
    );
    let trees = definer.define(
        "Labelled",
        "A/1 T/1 empty node/4 mirror/2",
        &[
            "(in[empty,T])",
            "(ternary[node,T,A,T,T])",
            "(function[mirror,T,T])",
            "(in2[empty,empty,mirror])",
            "(>[x,a,y,z] (in4[x,a,y,z,node]) (>[u,v] (& (in2[x,u,mirror]) (in2[y,v,mirror])) \
             (>[w] (in4[v,a,u,w,node]) (in2[z,w,mirror]))))",
        ],
    );
    definer.generated("induction on labelled trees", trees, 1, &[(2, &[]), (3, &[1, 0, 1])]);
    definer.define(
        "Orchard",
        "A/1 T/1 empty node/4 mirror/2 R/5",
        &[
            "(Labelled[A,T,empty,node,mirror])",
            "(>[x,a,y,z,w] (in5[x,a,y,z,w,R]) (& (in4[x,a,y,z,node]) (in2[z,w,mirror])))",
            "(>[x,a,y,z,w] (& (in4[x,a,y,z,node]) (in2[z,w,mirror])) (in5[x,a,y,z,w,R]))",
        ],
    );
    definer.finish()
}

/// Sets, one of which is contained in the union of two others: theorems need cases and negation.
pub fn unions() -> Theory {
    let mut definer = Definer::new("unions");
    definer.define(
        "Unions",
        "A/1 P/1 Q/1 R/1 F/2 T/2",
        &[
            "(>[x] (in[x,A]) !(& !(in[x,P]) !(in[x,Q])))",
            "(>[x] (in[x,P]) (in[x,R]))",
            "(>[x] (in[x,Q]) (in[x,R]))",
            "(>[x] (& (in[x,A]) (>[y] (in2[x,y,F]) (in[y,P]))) (in2[x,x,T]))",
            "(>[x] (in2[x,x,T]) (in[x,A]))",
            "(>[x] (in[x,R]) !(>[y] (in2[x,y,F]) (in[y,Q])))",
        ],
    );
    definer.finish()
}

/// Theorems of [`unions`]: by cases, by contraposition, from and to a formula that is itself an implication.
pub const OF_UNIONS: &[(&str, &str)] = &[
    ("a union lies in R", "(>[x] (in[x,A]) (in[x,R]))"),
    ("outside of R", "(>[x] (& (in[x,A]) !(in[x,P])) (in[x,Q]))"),
    ("not both outside", "(>[x] (in[x,A]) !(& !(in[x,Q]) !(in[x,P])))"),
    ("all values in P", "(>[x] (& (in[x,A]) (>[y] (in2[x,y,F]) (in[y,P]))) !(>[z] (in2[x,z,T]) !(in[z,R])))"),
    ("no value outside of P", "(>[x] (& (in[x,A]) !(in2[x,x,T])) !(>[y] (in2[x,y,F]) (in[y,P])))"),
    ("a value outside of Q", "(>[x] (in[x,A]) !(>[y] (in2[x,y,F]) !!(in[y,Q])))"),
];
