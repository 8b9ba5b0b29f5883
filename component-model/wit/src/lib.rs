//! mpp-wit
