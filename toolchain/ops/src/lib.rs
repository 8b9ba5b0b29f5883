//! mpp-ops
