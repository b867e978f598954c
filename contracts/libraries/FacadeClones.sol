// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxId} from "../types/BoxId.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

/// @notice The smallest proxies that know their id: 45 bytes of code, then the 28 bytes of the id that can differ.
library FacadeClones {
    bytes32 private constant SALT = 0;

    function deploy(address implementation, BoxId id) internal returns (address) {
        return Clones.cloneDeterministicWithImmutableArgs(implementation, _args(id), SALT);
    }

    function addressOf(address implementation, BoxId id) internal view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, _args(id), SALT);
    }

    function idOf(address clone) internal view returns (BoxId) {
        return BoxId.wrap(uint256(bytes32(bytes28(Clones.fetchCloneArgs(clone)))));
    }

    function _args(BoxId id) private pure returns (bytes memory) {
        return abi.encodePacked(bytes28(bytes32(BoxId.unwrap(id))));
    }
}
