//! What is done inside a guest: playbooks that a technician can read and change, and the facts they look at.

pub mod playbook;
