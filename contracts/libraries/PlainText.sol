// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice Text that means nothing to JSON, XML or HTML, whatever a stranger has written.
library PlainText {
    using Strings for uint256;

    /// @dev Bit c for each byte c that stays: letters, digits, space, and !#$%()*+,-./:;=?@[]^_|~
    uint256 private constant KEPT = 0x57fffffeefffffffafffff3b00000000;

    /// @notice Bytes that could end a string, open a tag or confuse a reader become `?`. Only text: nothing is left behind
    ///         the first zero byte.
    function clean(bytes32 given) internal pure returns (bytes32 cleaned) {
        bytes memory text = bytes(toText(given));
        for (uint256 i = 0; i < text.length; i++) {
            if ((KEPT >> uint8(text[i])) & 1 == 0) text[i] = "?";
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes32(text);
    }

    /// @notice Up to the first zero byte.
    function toText(bytes32 word) internal pure returns (string memory) {
        uint256 length = 0;
        while (length < 32 && word[length] != 0) length++;
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            text[i] = word[i];
        }
        return string(text);
    }

    /// @notice `value / 10^decimals`, with `digits` digits or all before the point, rounded down: 1234567 with 4 decimals
    ///         and 5 digits is `123.45`.
    /// @param decimals At most 77.
    function toDecimal(uint256 value, uint256 decimals, uint256 digits)
        internal
        pure
        returns (string memory)
    {
        uint256 dropped = bytes(value.toString()).length;
        dropped = dropped > digits ? dropped - digits : 0;
        if (dropped > decimals) dropped = decimals;
        (value, decimals) = (value / 10 ** dropped, decimals - dropped);
        while (decimals > 0 && value % 10 == 0) (value, decimals) = (value / 10, decimals - 1);
        if (decimals == 0) return value.toString();

        bytes memory fraction = bytes((10 ** decimals + value % 10 ** decimals).toString());
        // The leading 1 has kept the zeros behind the point.
        fraction[0] = ".";
        return string.concat((value / 10 ** decimals).toString(), string(fraction));
    }
}
