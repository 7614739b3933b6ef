//! Answers with holes: parts of which a model is unsure are left out of a tree, with a guarantee for the rest.
//!
//! Source: *PAC Prediction Sets for Large Language Models of Code* (arXiv 2302.08703). Each node of an answer's tree
//! has a cost: the negative log-likelihood of the node's own tokens. Subtrees are dropped until the rest costs no more
//! than a budget; what is dropped at some budget is dropped at every smaller one. From problems with known answers a
//! budget is chosen so that, with probability 1 - δ over these problems, the rest of a new answer is right with
//! probability 1 - ε. This holds for similar problems, one model, one prompt and one theory: [`Calibrated`] names what
//! it was made for, and refuses anything else.

/// Costs are integers in 64ths of a nat, so that sums do not depend on the order.
const UNITS: f64 = 64.0;
/// The largest cost of a node, in nats.
const COST_MAX: f64 = 10.0;

/// A tree as the parents of its nodes: the root is first, and parents come before their children.
#[derive(Clone, PartialEq, Debug)]
pub struct CostTree {
    parents: Vec<usize>,
    /// In 64ths of a nat.
    costs: Vec<u64>,
}

/// What stays of a tree at each budget: for each node the least budget at which it stays, nested by construction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pruning {
    /// By node: the least budget at which it stays, in 64ths of a nat.
    stays_from: Vec<u64>,
    parents: Vec<usize>,
}

/// Why a tree or a calibration is invalid.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HolesError {
    /// A node that comes before its parent, or an empty tree.
    #[error("node {0} does not stand behind its parent")]
    Order(usize),
    /// The numbers of costs and nodes differ.
    #[error("{costs} costs for {nodes} nodes")]
    Costs {
        /// Number of costs.
        costs: usize,
        /// Number of nodes.
        nodes: usize,
    },
    /// Not probabilities between 0 and 1.
    #[error("ε and δ must lie between 0 and 1, and are {epsilon} and {delta}")]
    Probabilities {
        /// The share of answers that may be wrong.
        epsilon: f64,
        /// The probability that more of them are.
        delta: f64,
    },
    /// Too few problems for a guarantee.
    #[error("{found} problems are too few to calibrate ε = {epsilon}, δ = {delta}: at least {wanted} are needed")]
    TooFew {
        /// Number of problems.
        found: usize,
        /// Number of problems needed.
        wanted: usize,
        /// The share of answers that may be wrong.
        epsilon: f64,
        /// The probability that more of them are.
        delta: f64,
    },
    /// The guarantee was made for something else.
    #[error("the guarantee was calibrated for `{was}`, and does not hold for `{asked}`: calibrate again")]
    Other {
        /// What it was asked for.
        was: String,
        /// What it is asked for.
        asked: String,
    },
}

impl CostTree {
    /// A tree. `parents[0]` is ignored; costs are in nats, for each node's own tokens, and clamped to 0 to 10.
    ///
    /// # Errors
    /// If a parent does not come before its child, or the numbers of costs and nodes differ.
    pub fn new(parents: Vec<usize>, costs: &[f64]) -> Result<CostTree, HolesError> {
        if costs.len() != parents.len() {
            return Err(HolesError::Costs { costs: costs.len(), nodes: parents.len() });
        }
        if let Some(node) =
            (0..parents.len().max(1)).find(|node| parents.get(*node).is_none_or(|up| *node > 0 && up >= node))
        {
            return Err(HolesError::Order(node));
        }
        // NaN has the largest cost.
        let units = |cost: &f64| if cost.is_nan() { COST_MAX } else { cost.clamp(0.0, COST_MAX) };
        let costs = costs.iter().map(|cost| (units(cost) * UNITS).round() as u64).collect();
        Ok(CostTree { parents, costs })
    }

    /// The nodes that stay at each budget, with at most `holes` holes: dropped children of a parent that stays.
    ///
    /// Starting from the empty tree, the budget rises; wherever more nodes can stay than before, as many as possible
    /// do, among the trees that contain the last one. Takes `nodes² · holes` steps for each such budget.
    pub fn prune(&self, holes: usize) -> Pruning {
        let count = self.parents.len();
        let mut stays_from = vec![u64::MAX; count];
        let mut kept = vec![false; count];
        while let Some((budget, best)) = self.next(&kept, holes) {
            for (node, stays) in best.iter().enumerate() {
                if *stays && !kept[node] {
                    stays_from[node] = budget;
                }
            }
            kept = best;
        }
        Pruning { stays_from, parents: self.parents.clone() }
    }

    /// The cheapest larger tree that contains the present one; among equals, the largest.
    fn next(&self, kept: &[bool], holes: usize) -> Option<(u64, Vec<bool>)> {
        let table = Table::of(self, kept, holes);
        let least = kept.iter().filter(|stays| **stays).count() + 1;
        let root = &table.entries[0];
        let best = (least..=self.parents.len())
            .flat_map(|nodes| (0..=holes).map(move |holes| (nodes, holes)))
            .filter_map(|(nodes, holes)| root.get(nodes, holes).map(|cost| (cost, std::cmp::Reverse(nodes), holes)))
            .min()?;
        let (cost, std::cmp::Reverse(nodes), holes) = best;
        let mut stays = vec![false; self.parents.len()];
        table.mark(0, nodes, holes, &mut stays);
        Some((cost, stays))
    }
}

/// The least cost of a subtree, by the number of nodes that stay and the number of holes.
#[derive(Clone)]
struct Costs {
    holes: usize,
    /// `[nodes][holes]`
    least: Vec<Option<u64>>,
}

impl Costs {
    fn none(nodes: usize, holes: usize) -> Costs {
        Costs { holes, least: vec![None; (nodes + 1) * (holes + 1)] }
    }

    fn get(&self, nodes: usize, holes: usize) -> Option<u64> {
        if holes > self.holes { None } else { self.least.get(nodes * (self.holes + 1) + holes).copied().flatten() }
    }

    fn offer(&mut self, nodes: usize, holes: usize, cost: u64) {
        let place = &mut self.least[nodes * (self.holes + 1) + holes];
        if place.is_none_or(|other| cost < other) {
            *place = Some(cost);
        }
    }

    fn nodes(&self) -> usize {
        self.least.len() / (self.holes + 1) - 1
    }
}

/// The table of the dynamic programme: what stays at a node, and the steps by which its children were added.
struct Table {
    entries: Vec<Costs>,
    /// By node: the costs before each child was added, with the child.
    steps: Vec<Vec<(usize, Costs)>>,
    /// Nodes that have to stay.
    kept: Vec<bool>,
}

impl Table {
    fn of(tree: &CostTree, kept: &[bool], holes: usize) -> Table {
        let count = tree.parents.len();
        let mut table =
            Table { entries: vec![Costs::none(0, holes); count], steps: vec![Vec::new(); count], kept: kept.to_vec() };
        for node in (0..count).rev() {
            let mut costs = Costs::none(1, holes);
            costs.offer(1, 0, tree.costs[node]);
            for child in (node + 1..count).filter(|child| tree.parents[*child] == node) {
                let before = costs.clone();
                costs = table.with_child(&before, child, holes);
                table.steps[node].push((child, before));
            }
            table.entries[node] = costs;
        }
        table
    }

    fn with_child(&self, before: &Costs, child: usize, holes: usize) -> Costs {
        let below = &self.entries[child];
        let mut costs = Costs::none(before.nodes() + below.nodes(), holes);
        for nodes in 0..=before.nodes() {
            for used in 0..=holes {
                let Some(cost) = before.get(nodes, used) else { continue };
                if !self.kept[child] && used < holes {
                    costs.offer(nodes, used + 1, cost);
                }
                for (more, holes_below) in
                    (1..=below.nodes()).flat_map(|more| (0..=holes - used).map(move |at| (more, at)))
                {
                    if let Some(extra) = below.get(more, holes_below) {
                        costs.offer(nodes + more, used + holes_below, cost + extra);
                    }
                }
            }
        }
        costs
    }

    /// Marks what stays of a subtree with this many nodes and holes at its least cost.
    fn mark(&self, node: usize, mut nodes: usize, mut holes: usize, stays: &mut [bool]) {
        stays[node] = true;
        let mut cost = self.entries[node].get(nodes, holes);
        for (child, before) in self.steps[node].iter().rev() {
            let below = &self.entries[*child];
            let dropped = if !self.kept[*child] && holes > 0 { before.get(nodes, holes - 1) } else { None };
            if dropped.is_some() && dropped == cost {
                holes -= 1;
                continue;
            }
            let split = (1..=below.nodes().min(nodes)).flat_map(|more| (0..=holes).map(move |at| (more, at))).find(
                |(more, at)| {
                    let sum =
                        before.get(nodes - more, holes - at).zip(below.get(*more, *at)).map(|(one, other)| one + other);
                    sum.is_some() && sum == cost
                },
            );
            if let Some((more, at)) = split {
                self.mark(*child, more, at, stays);
                (nodes, holes) = (nodes - more, holes - at);
                cost = before.get(nodes, holes);
            }
        }
    }
}

impl Pruning {
    /// Whether each node stays at a budget in nats.
    pub fn at(&self, budget: f64) -> Vec<bool> {
        let units = (budget.max(0.0) * UNITS) as u64;
        self.stays_from.iter().map(|from| *from <= units).collect()
    }

    /// The holes at a budget: dropped children of nodes that stay, and the root if it is dropped.
    pub fn holes(&self, budget: f64) -> Vec<usize> {
        let stays = self.at(budget);
        (0..stays.len()).filter(|node| !stays[*node] && (*node == 0 || stays[self.parents[*node]])).collect()
    }

    /// The least budget at which a wrong node stays, where `right` says whether each node is right: `None` if there is
    /// none.
    fn fails_from(&self, right: &[bool]) -> Option<u64> {
        let wrong = self.stays_from.iter().zip(right).filter(|(from, right)| !**right && **from < u64::MAX);
        wrong.map(|(from, _)| *from).min()
    }
}

/// The number of failures among `n` problems that calibration may allow: the largest `k` for which the probability of
/// at most `k` failures, if each had probability `ε`, is below `δ`; `None` if there is no such `k`.
pub fn allowed_failures(n: usize, epsilon: f64, delta: f64) -> Option<usize> {
    // Terms of the binomial distribution, as logarithms: they may underflow a float.
    let (mut term, mut sum, mut allowed) = (n as f64 * (-epsilon).ln_1p(), 0.0, None);
    for k in 0..=n {
        sum += term.exp();
        if sum >= delta {
            break;
        }
        allowed = Some(k);
        term += ((n - k) as f64).ln() - ((k + 1) as f64).ln() + epsilon.ln() - (-epsilon).ln_1p();
    }
    allowed
}

/// A budget with its guarantee.
#[derive(Clone, PartialEq, Debug)]
pub struct Calibrated {
    /// What it is valid for: model, prompt, theory and policies, as named by the caller.
    made_for: String,
    /// In 64ths of a nat; `None` if no budget is too large.
    budget: Option<u64>,
    /// Number of problems in the calibration.
    pub problems: usize,
    /// The share of answers that may be wrong.
    pub epsilon: f64,
    /// The probability that more are.
    pub delta: f64,
}

impl Calibrated {
    /// The largest budget at which few enough of the problems fail. Each problem is given as the pruning of its answer,
    /// and whether each of its nodes is right.
    ///
    /// # Errors
    /// If ε or δ is not between 0 and 1, or there are too few problems.
    pub fn new(
        made_for: impl Into<String>,
        problems: &[(Pruning, Vec<bool>)],
        epsilon: f64,
        delta: f64,
    ) -> Result<Calibrated, HolesError> {
        let is_probability = |number: f64| number > 0.0 && number < 1.0;
        if !is_probability(epsilon) || !is_probability(delta) {
            return Err(HolesError::Probabilities { epsilon, delta });
        }
        let Some(allowed) = allowed_failures(problems.len(), epsilon, delta) else {
            let wanted = (delta.ln() / (-epsilon).ln_1p()).floor() as usize + 1;
            return Err(HolesError::TooFew { found: problems.len(), wanted, epsilon, delta });
        };
        let mut failing: Vec<u64> = problems.iter().filter_map(|(pruning, right)| pruning.fails_from(right)).collect();
        failing.sort_unstable();
        // One unit below the budget at which one problem too many fails.
        let budget = failing.get(allowed).map(|from| from.saturating_sub(1));
        Ok(Calibrated { made_for: made_for.into(), budget, problems: problems.len(), epsilon, delta })
    }

    /// The nodes of an answer that stay.
    ///
    /// # Errors
    /// If the guarantee is for something else.
    pub fn stays(&self, made_for: &str, pruning: &Pruning) -> Result<Vec<bool>, HolesError> {
        if made_for != self.made_for {
            return Err(HolesError::Other { was: self.made_for.clone(), asked: made_for.to_owned() });
        }
        Ok(pruning.at(self.budget.map_or(f64::INFINITY, |budget| budget as f64 / UNITS)))
    }
}

#[cfg(test)]
mod tests {
    use theoremata_kernels::Draw;

    use super::*;

    #[test]
    fn failures_are_allowed_as_the_binomial_law_says() {
        let allowed = |n, epsilon, delta| allowed_failures(n, epsilon, delta);
        assert_eq!([50, 100, 200, 500, 1000].map(|n| allowed(n, 0.1, 0.01)), [0, 3, 10, 34, 78].map(Some));
        assert_eq!([100, 200, 500, 1000].map(|n| allowed(n, 0.05, 0.01)), [0, 3, 13, 34].map(Some));
        assert_eq!((allowed(43, 0.1, 0.01), allowed(44, 0.1, 0.01)), (None, Some(0)));
        assert_eq!((allowed(89, 0.05, 0.01), allowed(90, 0.05, 0.01)), (None, Some(0)));
        assert_eq!((allowed(58, 0.05, 0.05), allowed(59, 0.05, 0.05)), (None, Some(0)));
        let few = Calibrated::new("it", &[], 0.05, 0.05).expect_err("too few");
        assert!(few.to_string().contains("at least 59"), "{few}");
    }

    fn random(seed: u64, at: u32, below: u32) -> u32 {
        Draw { seed, path: 0, position: 0 }.word(at) % below
    }

    fn random_tree(seed: u64, nodes: usize) -> CostTree {
        let parents =
            (0..nodes).map(|node| if node == 0 { 0 } else { random(seed, node as u32, node as u32) as usize });
        let costs: Vec<f64> = (0..nodes as u32).map(|node| f64::from(random(seed, 100 + node, 640)) / 64.0).collect();
        CostTree::new(parents.collect(), &costs).expect("a tree")
    }

    /// The most nodes that can stay within a budget and a number of holes, over all sets that are closed under parents
    /// and contain the required nodes.
    fn brute_force(tree: &CostTree, budget: u64, holes: usize, least: &[bool]) -> usize {
        let count = tree.parents.len();
        let fits = |set: &u32| {
            let stays = |node: usize| set >> node & 1 == 1;
            let up = |node: usize| node == 0 || stays(tree.parents[node]);
            let cost: u64 = (0..count).filter(|node| stays(*node)).map(|node| tree.costs[node]).sum();
            let open = (1..count).filter(|node| !stays(*node) && up(*node)).count();
            let whole = (0..count).all(|node| (!stays(node) || up(node)) && (stays(node) || !least[node]));
            whole && cost <= budget && (*set == 0 || open <= holes)
        };
        (0u32..1 << count).filter(fits).map(u32::count_ones).max().unwrap_or(0) as usize
    }

    #[test]
    fn as_much_stays_as_can_and_what_goes_is_nested() {
        for seed in 0..40 {
            let (nodes, holes) = (2 + random(seed, 900, 9) as usize, random(seed, 901, 4) as usize);
            let tree = random_tree(seed, nodes);
            let pruning = tree.prune(holes);
            let mut budgets: Vec<u64> = pruning.stays_from.clone();
            budgets.sort_unstable();
            budgets.dedup();
            let mut before = vec![false; nodes];
            for budget in budgets {
                let stays = pruning.at(budget as f64 / UNITS);
                assert!(before.iter().zip(&stays).all(|(was, is)| !was || *is), "seed {seed}: nested");
                let found = stays.iter().filter(|stays| **stays).count();
                assert_eq!(found, brute_force(&tree, budget, holes, &before), "seed {seed}, budget {budget}");
                let open = pruning.holes(budget as f64 / UNITS);
                assert!(found == 0 || open.len() <= holes, "seed {seed}: {open:?}");
                before = stays;
            }
            assert!(before.iter().all(|stays| *stays), "seed {seed}: at last all stays");
        }
    }

    #[test]
    fn new_answers_are_covered_as_often_as_is_guaranteed() {
        // A node is right with the probability that its cost says: a calibrated model.
        let problem = |seed: u64| {
            let tree = random_tree(seed, 7);
            let right = tree.costs.iter().zip(0..).map(|(cost, node)| {
                let sure = (-(*cost as f64) / UNITS / 8.0).exp();
                f64::from(random(seed, 500 + node, 1 << 20)) / f64::from(1 << 20) < sure
            });
            (tree.prune(3), right.collect::<Vec<bool>>())
        };
        let pool: Vec<_> = (0..3000).map(problem).collect();
        let (epsilon, delta) = (0.1, 0.05);
        let mut violated = 0;
        let runs = 60;
        for run in 0..runs {
            let calibration: Vec<_> = (0..100).map(|at| pool[random(run, at, 3000) as usize].clone()).collect();
            let calibrated = Calibrated::new("it", &calibration, epsilon, delta).expect("enough problems");
            let covers = |(pruning, right): &&(Pruning, Vec<bool>)| {
                let stays = calibrated.stays("it", pruning).expect("the same");
                stays.iter().zip(right).all(|(stays, right)| !stays || *right)
            };
            let covered = pool.iter().filter(covers).count() as f64 / pool.len() as f64;
            violated += usize::from(covered < 1.0 - epsilon);
        }
        // At most δ of the runs, plus three standard deviations.
        let bound = delta * runs as f64 + 3.0 * (delta * (1.0 - delta) * runs as f64).sqrt();
        assert!((violated as f64) <= bound, "{violated} of {runs} runs");
    }

    #[test]
    fn what_is_no_tree_and_another_use_are_refused() {
        assert!(CostTree::new(vec![], &[]).is_err());
        assert!(CostTree::new(vec![0, 2, 1], &[1.0; 3]).is_err());
        assert!(CostTree::new(vec![0, 0], &[1.0]).is_err());
        assert!(Calibrated::new("it", &[], 0.0, 0.5).is_err());
        let tree = CostTree::new(vec![0, 0], &[0.1, f64::NAN]).expect("a tree");
        let problems = vec![(tree.prune(1), vec![true, false]); 60];
        let calibrated = Calibrated::new("one model", &problems, 0.05, 0.05).expect("calibrated");
        assert_eq!(calibrated.stays("one model", &problems[0].0), Ok(vec![true, false]));
        let other = calibrated.stays("another", &problems[0].0).expect_err("void");
        assert!(other.to_string().contains("calibrate again"));
    }
}
