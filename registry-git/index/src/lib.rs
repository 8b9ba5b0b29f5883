//! mpp-index
