// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ledger} from "../../../contracts/ledger/Ledger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {HostileSource} from "../mocks/HostileSource.sol";
import {ManualSource} from "../mocks/ManualSource.sol";
import {FeeToken, SilentToken} from "../mocks/OddTokens.sol";
import {PlainToken} from "../mocks/PlainToken.sol";

/// @notice Does what it is told, in its own name.
contract Actor {
    function act(address target, bytes calldata data) external returns (bool done, bytes memory answer) {
        return target.call(data);
    }
}

/// @notice A fresh ledger, and actors who do a whole history in one call. Knows nothing of what is done, so that nothing
///         of what is compared with the model of `test/model/` comes from here.
contract HistoryRunner {
    /// @param target Zero for the facade of `facadeOf`.
    struct Step {
        uint256 actor;
        address target;
        BoxId facadeOf;
        bytes data;
    }

    struct Outcome {
        bool done;
        bytes answer;
    }

    /// @param tokens The last of them takes a fee.
    struct World {
        Ledger ledger;
        ManualSource honest;
        HostileSource hostile;
        PlainToken[3] tokens;
        Actor[3] actors;
    }

    World private _world;

    constructor() {
        _world.ledger = new Ledger();
        _world.honest = new ManualSource();
        _world.hostile = new HostileSource();
        _world.tokens = [new PlainToken(), new SilentToken(), new FeeToken()];
        _world.actors = [new Actor(), new Actor(), new Actor()];
    }

    function world() external view returns (World memory) {
        return _world;
    }

    /// @return outcomes One for each step.
    /// @return amounts Of each id in the end: its supply, then what each holder has.
    function run(Step[] calldata steps, BoxId[] calldata ids, address[] calldata holders)
        external
        returns (Outcome[] memory outcomes, uint256[] memory amounts)
    {
        outcomes = new Outcome[](steps.length);
        for (uint256 i = 0; i < steps.length; i++) {
            Step calldata step = steps[i];
            address target = step.target == address(0) ? _world.ledger.facadeOf(step.facadeOf) : step.target;
            (outcomes[i].done, outcomes[i].answer) = _world.actors[step.actor].act(target, step.data);
        }
        amounts = _amountsOf(ids, holders);
    }

    function _amountsOf(BoxId[] calldata ids, address[] calldata holders)
        private
        view
        returns (uint256[] memory amounts)
    {
        amounts = new uint256[](ids.length * (holders.length + 1));
        uint256 at = 0;
        for (uint256 i = 0; i < ids.length; i++) {
            uint256 id = BoxId.unwrap(ids[i]);
            amounts[at++] = _world.ledger.totalSupply(id);
            for (uint256 h = 0; h < holders.length; h++) {
                amounts[at++] = _world.ledger.balanceOf(holders[h], id);
            }
        }
    }
}
