//! A component from a core module that a compiler without components made: its types are in a section that the bindings brought along.

use crate::WitError;
use wit_component::ComponentEncoder;

/// Makes `module` a component. What it imports from `adapter` (a name, and the module of that name) is adapted to today's interfaces.
pub fn componentize(module: &[u8], adapter: (&str, &[u8])) -> Result<Vec<u8>, WitError> {
    let encoder = ComponentEncoder::default().module(module);
    let encoder = encoder.and_then(|encoder| encoder.adapter(adapter.0, adapter.1));
    let encoded = encoder.and_then(|encoder| encoder.validate(true).encode());
    encoded.map_err(|error| WitError::Invalid(format!("{error:#}")))
}
