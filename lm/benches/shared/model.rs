//! The model of benchmarks.

use std::path::PathBuf;
use std::sync::Arc;

use theoremata_lm::Model;

/// The default model, as stored by `model pull`; `None` if there is no file.
pub(crate) fn model() -> Option<Arc<Model>> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("THEOREMATA_MODELS")
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("theoremata/models")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/theoremata/models")))?;
    let file = Some(folder.join("smollm2.gguf")).filter(|path| path.exists())?;
    Some(Arc::new(Model::load(&file).expect("the model")))
}
