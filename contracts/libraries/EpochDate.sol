// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice Writes an epoch as the UTC date it stands for.
library EpochDate {
    using Strings for uint256;

    uint256 private constant DAYS_IN_400_YEARS = 146_097;
    uint256 private constant DAYS_IN_100_YEARS = 36_524;
    uint256 private constant DAYS_IN_4_YEARS = 1_461;
    /// @dev From 0000-03-01 to 1970-01-01.
    uint256 private constant DAYS_BEFORE_1970 = 719_468;

    /// @notice `18742` becomes `2021-04-25`.
    /// @dev Counts years from March, so that the leap day is the last of its year and months follow one formula.
    function toDate(uint24 epoch) internal pure returns (string memory) {
        uint256 day = uint256(epoch) + DAYS_BEFORE_1970;
        uint256 era = day / DAYS_IN_400_YEARS;
        uint256 dayOfEra = day % DAYS_IN_400_YEARS;
        uint256 yearOfEra =
            (dayOfEra
                    - dayOfEra
                    / (DAYS_IN_4_YEARS - 1)
                    + dayOfEra
                    / DAYS_IN_100_YEARS
                    - dayOfEra
                    / (DAYS_IN_400_YEARS - 1)) / 365;
        uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        uint256 marchMonth = (5 * dayOfYear + 2) / 153;
        uint256 dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1;
        uint256 month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
        uint256 year = yearOfEra + 400 * era + (month <= 2 ? 1 : 0);
        return string.concat(year.toString(), "-", _twoDigits(month), "-", _twoDigits(dayOfMonth));
    }

    function _twoDigits(uint256 value) private pure returns (string memory) {
        return string.concat(value < 10 ? "0" : "", value.toString());
    }
}
