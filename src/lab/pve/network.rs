//! Network cards of VMs: `net0: virtio=BC:24:11:00:00:01,bridge=vmbr0`.

use super::state::property::Properties;
use super::state::{Pve, Vm};

/// Models that may stand in front, with or without an address.
const MODELS: [&str; 14] = [
    "virtio",
    "e1000",
    "e1000e",
    "e1000-82540em",
    "e1000-82544gc",
    "e1000-82545em",
    "i82551",
    "i82557b",
    "i82559er",
    "ne2k_isa",
    "ne2k_pci",
    "pcnet",
    "rtl8139",
    "vmxnet3",
];

/// A network card's value taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// `virtio`, ...
    pub model: String,
    /// Hardware address; empty when none was given yet.
    pub mac: String,
    /// Everything else.
    pub rest: Properties,
}

impl Card {
    /// Takes a card's value apart.
    pub fn parse(text: &str) -> Card {
        let mut card = Card { rest: Properties::parse(text, "model"), ..Card::default() };
        card.model = std::mem::take(&mut card.rest.first);
        for model in MODELS {
            if let Some(mac) = card.rest.rest.remove(model) {
                card.model = model.to_owned();
                card.mac = mac.to_uppercase();
            }
        }
        if let Some(mac) = card.rest.rest.remove("macaddr") {
            card.mac = mac.to_uppercase();
        }
        card
    }

    /// The bridge that it is plugged into.
    pub fn bridge(&self) -> Option<&str> {
        self.rest.get("bridge")
    }

    /// The VLAN that it is in.
    pub fn vlan(&self) -> Option<&str> {
        self.rest.get("tag")
    }

    /// Whether its cable is unplugged.
    pub fn link_down(&self) -> bool {
        self.rest.flag("link_down").unwrap_or_default()
    }

    /// The value as it stands in a configuration.
    pub fn print(&self) -> String {
        let rest = self.rest.print();
        let comma = if rest.is_empty() { "" } else { "," };
        format!("{}={}{comma}{rest}", self.model, self.mac)
    }
}

/// Whether a running VM is reached by anybody: one of its cards is plugged into a bridge with a network behind it.
pub fn is_connected(pve: &Pve, vm: &Vm) -> bool {
    let cards = vm.config.iter().filter(|(key, _)| is_card(key)).map(|(_, value)| Card::parse(value));
    let leads_on = |bridge: &str| pve.hardware.bridges.get(bridge).is_some_and(|lan| lan.subnet.is_some());
    cards.into_iter().any(|card| !card.link_down() && card.bridge().is_some_and(leads_on))
}

/// Whether an option names a network card.
pub fn is_card(option: &str) -> bool {
    option.strip_prefix("net").is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pve_network_a_card_reads_and_prints() {
        let card = Card::parse("virtio,bridge=vmbr0,tag=7");
        assert_eq!(
            (card.model.as_str(), card.mac.as_str(), card.bridge(), card.vlan()),
            ("virtio", "", Some("vmbr0"), Some("7"))
        );
        let text = "virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1";
        assert_eq!(Card::parse(text).print(), text);
        assert!(Card::parse(text).link_down());
    }
}
