// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IL2OutputOracle} from "../interfaces/IL2OutputOracle.sol";
import {IOutputProposer} from "../interfaces/IOutputProposer.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title OutputProposer
/// @dev Stands between the operator and the oracle, which knows one proposer only. Holds nothing.
contract OutputProposer is IOutputProposer {
    using Address for address;

    /// @inheritdoc IOutputProposer
    address public immutable ORACLE;

    /// @inheritdoc IOutputProposer
    address public immutable OPERATOR;

    constructor(address oracle_, address operator_) {
        require(oracle_.code.length > 0, OracleHasNoCode(oracle_));
        require(operator_ != address(0), ZeroOperator());

        ORACLE = oracle_;
        OPERATOR = operator_;
    }

    /// @inheritdoc IOutputProposer
    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable {
        require(msg.sender == OPERATOR, NotOperator(msg.sender, OPERATOR));
        require(msg.value == 0, ValueNotAccepted(msg.value));
        require(outputRoot != bytes32(0), ZeroOutputRoot(l2BlockNumber));

        IL2OutputOracle(ORACLE).proposeL2Output(outputRoot, l2BlockNumber, l1BlockHash, l1BlockNumber);
    }

    /// @dev Every other question is the oracle's to answer. A static call: nothing can be changed this way.
    fallback(bytes calldata question) external returns (bytes memory answer) {
        return ORACLE.functionStaticCall(question);
    }
}
