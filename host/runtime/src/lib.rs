//! mpp-host
