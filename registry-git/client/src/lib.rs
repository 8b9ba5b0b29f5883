//! mpp-registry
