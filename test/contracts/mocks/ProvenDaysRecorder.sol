// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";

/// @notice Keeps what a prover wrote, for tests to compare.
contract ProvenDaysRecorder is IProvenDays {
    struct Written {
        address prover;
        uint32 network;
        uint24 day;
        bool empty;
        Totals totals;
    }

    Written[] private _written;

    function prove(uint32 network, uint24 day, Totals calldata totals) external {
        _written.push(Written(msg.sender, network, day, false, totals));
    }

    function proveEmpty(uint32 network, uint24 day) external {
        Totals memory none;
        _written.push(Written(msg.sender, network, day, true, none));
    }

    function written() external view returns (Written[] memory) {
        return _written;
    }
}
