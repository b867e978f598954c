// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBuriedBlocks} from "../../../contracts/interfaces/IBuriedBlocks.sol";
import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";

/// @notice A prover that proves what it is told to, and finds a block buried when the headers are its hash and its day.
contract BuriedBlocks is IBuriedBlocks {
    function prove(IProvenDays index, uint32 network, uint24 day, IProvenDays.Totals calldata totals)
        external
    {
        index.prove(network, day, totals);
    }

    function proveEmpty(IProvenDays index, uint32 network, uint24 day) external {
        index.proveEmpty(network, day);
    }

    function isBuried(bytes32 blockHash, bytes calldata headers, uint24 day) external pure returns (bool) {
        return keccak256(headers) == keccak256(abi.encode(blockHash, day));
    }
}
