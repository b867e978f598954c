// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// As the oracle does.
// forge-lint: disable-start(block-timestamp)
// forge-lint: disable-start(unsafe-typecast)

import {IL2OutputOracle} from "../../../contracts/interfaces/IL2OutputOracle.sol";

/// @notice Accepts and refuses what L2OutputOracle 1.8.0 does. The real one runs in `test/chain/deploy/outputProposer.test.ts`.
contract OracleModel is IL2OutputOracle {
    uint256 public constant submissionInterval = 10;
    uint256 public constant l2BlockTime = 2;
    uint256 public constant startingBlockNumber = 7;
    uint256 public immutable startingTimestamp;
    uint256 public immutable finalizationPeriodSeconds;
    address public immutable challenger;
    string public constant version = "1.8.0";

    address public proposer;
    OutputProposal[] private _outputs;

    constructor(uint256 startingTimestamp_, uint256 finalizationPeriodSeconds_, address challenger_) {
        startingTimestamp = startingTimestamp_;
        finalizationPeriodSeconds = finalizationPeriodSeconds_;
        challenger = challenger_;
    }

    function setProposer(address proposer_) external {
        proposer = proposer_;
    }

    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable {
        require(msg.sender == proposer, "only the proposer");
        require(l2BlockNumber == nextBlockNumber(), "not the next block");
        require(computeL2Timestamp(l2BlockNumber) < block.timestamp, "in the future");
        require(outputRoot != 0, "zero root");
        require(l1BlockHash == 0 || blockhash(l1BlockNumber) == l1BlockHash, "another L1 block");
        _outputs.push(OutputProposal(outputRoot, uint128(block.timestamp), uint128(l2BlockNumber)));
    }

    function deleteL2Outputs(uint256 index) external {
        require(msg.sender == challenger, "only the challenger");
        require(index < _outputs.length, "no such output");
        require(block.timestamp - _outputs[index].timestamp < finalizationPeriodSeconds, "finalised");
        while (_outputs.length > index) _outputs.pop();
    }

    function getL2Output(uint256 index) external view returns (OutputProposal memory) {
        return _outputs[index];
    }

    function getL2OutputAfter(uint256 l2BlockNumber) external view returns (OutputProposal memory) {
        require(l2BlockNumber <= latestBlockNumber(), "not proposed");
        require(_outputs.length > 0, "nothing proposed");
        uint256 i = 0;
        while (_outputs[i].l2BlockNumber < l2BlockNumber) i++;
        return _outputs[i];
    }

    function nextOutputIndex() external view returns (uint256) {
        return _outputs.length;
    }

    function latestBlockNumber() public view returns (uint256) {
        return _outputs.length == 0 ? startingBlockNumber : _outputs[_outputs.length - 1].l2BlockNumber;
    }

    function nextBlockNumber() public view returns (uint256) {
        return latestBlockNumber() + submissionInterval;
    }

    function computeL2Timestamp(uint256 l2BlockNumber) public view returns (uint256) {
        return startingTimestamp + (l2BlockNumber - startingBlockNumber) * l2BlockTime;
    }
}
