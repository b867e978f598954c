// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IL2OutputOracle} from "../../../contracts/interfaces/IL2OutputOracle.sol";

/// @notice What OutputProposer meets of the L2OutputOracle: one proposer, views, and a revert with a reason.
contract RecordingOracle is IL2OutputOracle {
    struct OutputProposal {
        bytes32 outputRoot;
        uint128 timestamp;
        uint128 l2BlockNumber;
    }

    event Proposed(bytes32 outputRoot, uint256 l2BlockNumber, bytes32 l1BlockHash, uint256 l1BlockNumber);

    address public proposer;
    uint256 public nextBlockNumber = 10;
    string public version = "1.8.0";

    function setProposer(address proposer_) external {
        proposer = proposer_;
    }

    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable {
        require(msg.sender == proposer, "L2OutputOracle: only the proposer address can propose new outputs");
        emit Proposed(outputRoot, l2BlockNumber, l1BlockHash, l1BlockNumber);
    }

    function deleteL2Outputs(uint256 index) external {
        nextBlockNumber = index;
    }

    function getL2Output(uint256 index) external pure returns (OutputProposal memory) {
        require(index < 2, "no such output");
        return OutputProposal(bytes32(index + 1), 2, 3);
    }
}
