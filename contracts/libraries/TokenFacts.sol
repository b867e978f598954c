// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainText} from "./PlainText.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @notice What a token says of itself, asked in a way that it can't abuse: little gas, and few bytes of any answer.
library TokenFacts {
    uint256 private constant ANSWER_GAS = 50_000;
    uint256 private constant MAX_DECIMALS = 36;
    bytes32 private constant UNNAMED = "reward tokens";

    /// @notice Clean, at most 32 characters, of either kind of `symbol()`; a word for it where there is none.
    function symbolOf(address token) internal view returns (bytes32 symbol) {
        (uint256 size, bytes32 first, bytes32 length, bytes32 text) =
            _ask(token, IERC20Metadata.symbol.selector);
        if (size == 32) symbol = first;
        // A string as every compiler writes it; of a longer one the beginning.
        else if (size >= 96 && uint256(first) == 32) symbol = _cut(text, uint256(length));
        symbol = PlainText.clean(symbol);
        if (symbol == 0) symbol = UNNAMED;
    }

    /// @return known False where there is no believable answer.
    function decimalsOf(address token) internal view returns (bool known, uint256 decimals) {
        (uint256 size, bytes32 first,,) = _ask(token, IERC20Metadata.decimals.selector);
        known = size == 32 && uint256(first) <= MAX_DECIMALS;
        if (known) decimals = uint256(first);
    }

    function _cut(bytes32 text, uint256 length) private pure returns (bytes32) {
        return length >= 32 ? text : text & ~bytes32(type(uint256).max >> (length * 8));
    }

    /// @dev In assembly because Solidity copies all of an answer, however long, and reverts where it can't decode it.
    /// @return size Of the answer; 0 where the call failed.
    function _ask(address token, bytes4 selector)
        private
        view
        returns (uint256 size, bytes32 first, bytes32 second, bytes32 third)
    {
        uint256 gasLimit = ANSWER_GAS;
        assembly ("memory-safe") {
            let answer := mload(0x40)
            mstore(answer, selector)
            if staticcall(gasLimit, token, answer, 4, answer, 96) {
                size := returndatasize()
                first := mload(answer)
                second := mload(add(answer, 32))
                third := mload(add(answer, 64))
            }
        }
    }
}
