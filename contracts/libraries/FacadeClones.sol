// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BoxId} from "../types/BoxId.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// @notice The smallest proxies that know their id: 44 bytes of code, then the 28 bytes of the id that can differ.
/// @dev Own code instead of OpenZeppelin's clones, because every byte costs 200 gas and the budget of a facade is tight.
///      The proxy copies its calldata, delegates it, and answers what it was answered:
///      `365f5f37 5f5f365f73 <implementation> 5af4 3d5f5f3e 5f3d91602a57fd5bf3 <id>`
///      An address that was sent ether before is no obstacle to CREATE2.
library FacadeClones {
    uint256 private constant PROXY_BYTES = 44;
    uint256 private constant CREATION_BYTES = 81;
    bytes32 private constant SALT = 0;

    function deploy(address implementation, BoxId id) internal returns (address clone) {
        uint256 code = _creationCode(implementation, id);
        assembly ("memory-safe") {
            clone := create2(0, code, CREATION_BYTES, SALT)
        }
        require(clone != address(0), Errors.FailedDeployment());
    }

    function addressOf(address implementation, BoxId id) internal view returns (address) {
        uint256 code = _creationCode(implementation, id);
        bytes32 hash;
        assembly ("memory-safe") {
            hash := keccak256(code, CREATION_BYTES)
        }
        return Create2.computeAddress(SALT, hash);
    }

    function idOf(address clone) internal view returns (BoxId id) {
        assembly ("memory-safe") {
            // Beyond the end of the code everything reads as 0, as the last 4 bytes of an id are.
            extcodecopy(clone, 0, PROXY_BYTES, 32)
            id := mload(0)
        }
    }

    /// @return code Where in memory it begins.
    function _creationCode(address implementation, BoxId id) private pure returns (uint256 code) {
        assembly ("memory-safe") {
            code := mload(0x40)
            mstore(0x40, add(code, 96))
            // From left to right, each over the right end of the one before it. The first nine bytes return the rest.
            mstore(code, shl(112, 0x60488060093d393df3365f5f375f5f365f73))
            mstore(add(code, 18), shl(96, implementation))
            mstore(add(code, 38), shl(136, 0x5af43d5f5f3e5f3d91602a57fd5bf3))
            mstore(add(code, 53), id)
        }
    }
}
