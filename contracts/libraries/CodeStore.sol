// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A contract whose code is a list of addresses: one cold read costs 2,600 gas however long the list is, where
///         storage would cost 2,100 for each.
/// @dev The code is `abi.encode(address[])`. Its first byte is 0, STOP, so nothing can be executed.
contract AddressListCode {
    constructor(address[] memory list) {
        bytes memory code = abi.encode(list);
        // Solidity has no other way for a constructor to choose its runtime code.
        assembly ("memory-safe") {
            return(add(code, 32), mload(code))
        }
    }
}

library CodeStore {
    function write(address[] memory list) internal returns (address) {
        return address(new AddressListCode(list));
    }

    /// @dev Behind the first word the code is what a list looks like in memory: its length, then its members. Decoding it
    ///      instead would cost a signature's price for every seven members.
    function read(address stored) internal view returns (address[] memory list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            let size := sub(extcodesize(stored), 32)
            extcodecopy(stored, list, 32, size)
            mstore(0x40, add(list, size))
        }
    }
}
